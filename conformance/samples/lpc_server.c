// SPDX-License-Identifier: LGPL-2.1-or-later
// An LPC server as programs have written them since NT 3.1: several threads on one connection port, a view of
// each client's memory, and a callback into the client before its text is changed. It ends when as many
// clients have gone as its argument says (one without an argument), with 0 if all went well.
#include <stdlib.h>

#include "lpc_demo.h"

#define WORKERS 3

struct client {
    HANDLE accepted;  // event: the other members are valid
    HANDLE port;
    REMOTE_PORT_VIEW view;
};

static const char* const me = "server";
static HANDLE listener, finished;
static LONG clients_left = 1, failures, texts_changed;

static void failed(const char* what, NTSTATUS status) {
    fail(me, what, status);
    InterlockedIncrement(&failures);
}

static void accept_client(struct note* request) {
    struct client* client = calloc(1, sizeof(*client));
    if (!client) return failed("cannot remember a client", STATUS_NO_MEMORY);
    client->accepted = CreateEventW(NULL, TRUE, FALSE, NULL);
    client->view.Length = sizeof(client->view);
    NTSTATUS status = NtAcceptConnectPort(&client->port, client, &request->header, TRUE, NULL, &client->view);
    if (status == STATUS_SUCCESS) status = NtCompleteConnectPort(client->port);
    if (status != STATUS_SUCCESS) return failed("cannot accept a client", status);
    SetEvent(client->accepted);
    say(me, "a client has connected with %lu KiB", (unsigned long)(client->view.ViewSize / 1024));
}

// Asks the waiting client for the checksum of its text.
static NTSTATUS call_back(struct client* client, const struct note* request, ULONG* checksum) {
    struct note question = *request, answer;
    question.command = NOTE_CONFIRM;
    set_note_lengths(&question);
    const NTSTATUS status = NtRequestWaitReplyPort(client->port, &question.header, &answer.header);
    if (status == STATUS_SUCCESS) *checksum = answer.checksum;
    return status;
}

static ULONG change_text(struct client* client, const struct note* request) {
    ULONG checksum = 0;
    // The note comes from another process: nothing in it is believed.
    if (request->offset > client->view.ViewSize ||
        request->length > client->view.ViewSize - request->offset) {
        failed("a text outside the view", STATUS_INVALID_PARAMETER);
        return 0;
    }
    char* const text = (char*)client->view.ViewBase + request->offset;
    const NTSTATUS status = call_back(client, request, &checksum);
    if (status != STATUS_SUCCESS) failed("the callback failed", status);
    if (status != STATUS_SUCCESS || checksum != checksum_of(text, request->length)) return 0;
    for (ULONG i = 0; i < request->length; ++i)
        if (text[i] >= 'a' && text[i] <= 'z') text[i] = (char)(text[i] - 'a' + 'A');
    InterlockedIncrement(&texts_changed);
    return request->length;
}

static void answer_request(struct client* client, struct note* request) {
    // The client's first message may be received before accept has returned in the other thread.
    WaitForSingleObject(client->accepted, INFINITE);
    request->length = request->command == NOTE_CHANGE ? change_text(client, request) : 0;
    set_note_lengths(request);
    const NTSTATUS status = NtReplyPort(client->port, &request->header);
    if (status != STATUS_SUCCESS) failed("the reply failed", status);
}

static void forget_client(struct client* client) {
    WaitForSingleObject(client->accepted, INFINITE);
    NtClose(client->port);
    CloseHandle(client->accepted);
    free(client);
    say(me, "a client has gone");
    if (InterlockedDecrement(&clients_left) == 0) SetEvent(finished);
}

static DWORD WINAPI worker(void* unused) {
    (void)unused;
    for (;;) {
        struct {
            struct note note;
            char rest[64];
        } message;
        PVOID context = NULL;
        const NTSTATUS status = NtReplyWaitReceivePort(listener, &context, NULL, &message.note.header);
        if (status != STATUS_SUCCESS) {
            failed("cannot receive", status);
            return 1;
        }
        switch (message.note.header.u2.s2.Type) {
            case LPC_CONNECTION_REQUEST:
                accept_client(&message.note);
                break;
            case LPC_REQUEST:
                answer_request(context, &message.note);
                break;
            case LPC_PORT_CLOSED:
                forget_client(context);
                break;
        }
    }
}

int main(int argc, char** argv) {
    UNICODE_STRING name = lpc_demo_port_name();
    OBJECT_ATTRIBUTES attributes;
    if (argc > 1) clients_left = atoi(argv[1]);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    const NTSTATUS status = NtCreatePort(&listener, &attributes, 0, sizeof(struct note), 0);
    if (status != STATUS_SUCCESS) return fail(me, "cannot create the port", status);
    finished = CreateEventW(NULL, TRUE, FALSE, NULL);
    for (int i = 0; i < WORKERS; ++i) {
        const HANDLE thread = CreateThread(NULL, 0, worker, NULL, 0, NULL);
        if (!thread) return fail(me, "cannot start a thread", STATUS_INSUFFICIENT_RESOURCES);
        CloseHandle(thread);
    }
    say(me, "ready on \\RPC Control\\ntalpc-lpc-demo");
    WaitForSingleObject(finished, INFINITE);
    say(me, "%ld texts changed, %ld failures", (long)texts_changed, (long)failures);
    return failures == 0 && texts_changed > 0 ? 0 : 1;
}
