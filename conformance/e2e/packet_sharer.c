// SPDX-License-Identifier: LGPL-2.1-or-later
// Serves a port in two processes by one I/O completion port, whose handle and the port's are inherited. Who
// gets a request answers with its name, when the other has got one as well. Both end when two clients have
// gone.
#include "conformance/samples/demo.h"

#include <stdlib.h>

#define PATIENCE 30000  // milliseconds

// All that is inherited.
static struct { HANDLE port, packets, gone, mine, others; } shared;
static const char* me;

static int fails(const char* what, unsigned long code) {
    say(me, "%s: %08lx", what, code);
    return 1;
}

static int answer(struct demo_message* request) {
    struct demo_message message;
    SetEvent(shared.mine);
    if (WaitForSingleObject(shared.others, PATIENCE) != WAIT_OBJECT_0) return fails("the other has none", 0);
    memset(&message, 0, sizeof(message));
    set_text(&message, me);
    message.header.MessageId = request->header.MessageId;
    message.header.CallbackId = request->header.CallbackId;
    const NTSTATUS status = NtAlpcSendWaitReceivePort(shared.port, ALPC_MSGFLG_RELEASE_MESSAGE,
                                                      &message.header, NULL, NULL, NULL, NULL, NULL);
    return status == STATUS_SUCCESS ? 0 : fails("cannot answer", (unsigned long)status);
}

// 1 if anything went wrong.
static int serve(struct demo_message* message) {
    HANDLE connection;
    NTSTATUS status = STATUS_SUCCESS;
    switch (message->header.u2.s2.Type & 0xFF) {
        case LPC_CONNECTION_REQUEST:
            status = NtAlpcAcceptConnectPort(&connection, shared.port, 0, NULL, NULL, NULL, &message->header,
                                             NULL, TRUE);
            return status == STATUS_SUCCESS ? 0 : fails("cannot accept", (unsigned long)status);
        case LPC_REQUEST:
            return answer(message);
    }
    return 0;
}

// Whether that was the second client to go, in whichever process.
static int all_have_gone(const struct demo_message* message) {
    LONG before = 0;
    if ((message->header.u2.s2.Type & 0xFF) == LPC_PORT_CLOSED) ReleaseSemaphore(shared.gone, 1, &before);
    return before == 1;
}

// Takes the packets of either process.
static int run(void) {
    const ULONG_PTR end_key = 1;
    for (;;) {
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED* overlapped;
        struct demo_message message;
        SIZE_T length = sizeof(message);
        LARGE_INTEGER at_once = seconds(0);
        if (!GetQueuedCompletionStatus(shared.packets, &bytes, &key, &overlapped, PATIENCE))
            return fails("no packet", GetLastError());
        const NTSTATUS status =
            NtAlpcSendWaitReceivePort(shared.port, 0, NULL, NULL, &message.header, &length, NULL, &at_once);
        if (status == STATUS_SUCCESS && serve(&message)) return 1;
        if (key == end_key || (status == STATUS_SUCCESS && all_have_gone(&message))) {
            PostQueuedCompletionStatus(shared.packets, 0, end_key, NULL);  // for the other process
            return 0;
        }
        if (status != STATUS_SUCCESS) return fails("a packet without a message", (unsigned long)status);
    }
}

static NTSTATUS create_port(void) {
    static WCHAR text[] = L"\\RPC Control\\shared";
    UNICODE_STRING name = {sizeof(text) - sizeof(text[0]), sizeof(text), text};
    OBJECT_ATTRIBUTES attributes;
    ALPC_PORT_ATTRIBUTES port_attributes = demo_port_attributes();
    ALPC_PORT_ASSOCIATE_COMPLETION_PORT wanted = {NULL, shared.packets};
    InitializeObjectAttributes(&attributes, &name, OBJ_INHERIT, NULL, NULL);
    const NTSTATUS status = NtAlpcCreatePort(&shared.port, &attributes, &port_attributes);
    if (status != STATUS_SUCCESS) return status;
    return NtAlpcSetInformation(shared.port, AlpcAssociateCompletionPortInformation, &wanted, sizeof(wanted));
}

static int start_child(PROCESS_INFORMATION* child) {
    char program[MAX_PATH], command[MAX_PATH + 120];
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    GetModuleFileNameA(NULL, program, sizeof(program));
    snprintf(command, sizeof(command), "\"%s\" %p %p %p %p %p", program, shared.port, shared.packets,
             shared.gone, shared.others, shared.mine);
    return CreateProcessA(program, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, child);
}

static int run_parent(void) {
    SECURITY_ATTRIBUTES inherited = {sizeof(inherited), NULL, TRUE};
    PROCESS_INFORMATION child;
    DWORD code = 99;
    me = "parent";
    shared.packets = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    SetHandleInformation(shared.packets, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    shared.gone = CreateSemaphoreA(&inherited, 0, 2, NULL);
    shared.mine = CreateEventA(&inherited, TRUE, FALSE, NULL);
    shared.others = CreateEventA(&inherited, TRUE, FALSE, NULL);
    const NTSTATUS status = create_port();
    if (status != STATUS_SUCCESS) return fails("cannot make the port", (unsigned long)status);
    if (!start_child(&child)) return fails("cannot start the child", GetLastError());
    printf("ready\n");
    fflush(stdout);
    if (run()) return 1;
    WaitForSingleObject(child.hProcess, PATIENCE);
    GetExitCodeProcess(child.hProcess, &code);
    return (int)code;
}

int main(int count, char** arguments) {
    HANDLE* const handles = &shared.port;
    if (count == 1) return run_parent();
    me = "child";
    if (count != 6) return fails("five handles were expected", 0);
    for (int i = 0; i < 5; ++i) handles[i] = (HANDLE)(ULONG_PTR)strtoull(arguments[1 + i], NULL, 16);
    return run();
}
