// SPDX-License-Identifier: LGPL-2.1-or-later
// A Windows program that makes one call for each line it reads, and prints one line about the outcome. It
// looks the calls up with GetProcAddress, as programs do that also run where the calls are missing. The test
// holds the strings.
//
//   create NAME                  connect NAME sync|async MS      accept     refuse
//   receive PORT MS              request TEXT MS                 datagram PORT TEXT
//   reply TEXT                   close PORT                      exit N
//
// PORT is listener, server or client: the last one made of its kind. MS is a limit in milliseconds, -1 for
// none.
#include "conformance/samples/demo.h"

#include <stdlib.h>

#define LOOK_UP(name) __typeof__(&name) name##_
static struct {
    LOOK_UP(NtAlpcCreatePort);
    LOOK_UP(NtAlpcConnectPort);
    LOOK_UP(NtAlpcAcceptConnectPort);
    LOOK_UP(NtAlpcSendWaitReceivePort);
} calls;

static HANDLE listener, server, client;
static struct demo_message message;  // the last one received

static int look_up_calls(void) {
    const HMODULE ntdll = GetModuleHandleA("ntdll.dll");
#define FIND(name) (*(FARPROC*)& calls.name##_ = GetProcAddress(ntdll, #name)) != NULL
    return FIND(NtAlpcCreatePort) && FIND(NtAlpcConnectPort) && FIND(NtAlpcAcceptConnectPort) &&
           FIND(NtAlpcSendWaitReceivePort);
}

static void tell(NTSTATUS status) {
    const int received = status == STATUS_SUCCESS;
    const int kind = received ? message.header.u2.s2.Type & 0xFF : 0;
    // The notice of the end of a client carries a number, everything else what a puppet has said.
    const int length = received && kind != LPC_PORT_CLOSED ? text_length(&message) : 0;
    printf("%08lx %d %lu %.*s\n", (unsigned long)(ULONG)status, kind,
           received ? (unsigned long)(ULONG_PTR)message.header.ClientId.UniqueProcess : 0, length,
           message.data);
    fflush(stdout);
}

static LARGE_INTEGER* limit(const char* milliseconds) {
    static LARGE_INTEGER time;
    time.QuadPart = -10000LL * atoi(milliseconds);
    return time.QuadPart > 0 ? NULL : &time;
}

static HANDLE* port(const char* name) {
    return !strcmp(name, "listener") ? &listener : !strcmp(name, "server") ? &server : &client;
}

static UNICODE_STRING path(const char* name) {
    static WCHAR text[200];
    UNICODE_STRING string;
    string.Length = (USHORT)(swprintf(text, 200, L"\\RPC Control\\%hs", name) * (int)sizeof(WCHAR));
    string.MaximumLength = sizeof(text);
    string.Buffer = text;
    return string;
}

static NTSTATUS create(const char* name) {
    UNICODE_STRING string = path(name);
    OBJECT_ATTRIBUTES attributes;
    ALPC_PORT_ATTRIBUTES port_attributes = demo_port_attributes();
    InitializeObjectAttributes(&attributes, &string, 0, NULL, NULL);
    return calls.NtAlpcCreatePort_(&listener, &attributes, &port_attributes);
}

static NTSTATUS connect_to(const char* name, const char* mode, const char* milliseconds) {
    UNICODE_STRING string = path(name);
    ALPC_PORT_ATTRIBUTES attributes = demo_port_attributes();
    SIZE_T length = sizeof(message);
    set_text(&message, "let me in");
    message.header.MessageId = 0;
    return calls.NtAlpcConnectPort_(&client, &string, NULL, &attributes,
                                    strcmp(mode, "sync") ? 0 : ALPC_MSGFLG_SYNC_REQUEST, NULL,
                                    &message.header, &length, NULL, NULL, limit(milliseconds));
}

static NTSTATUS decide(BOOLEAN accept) {
    set_text(&message, "welcome");
    return calls.NtAlpcAcceptConnectPort_(&server, listener, 0, NULL, NULL, NULL, &message.header, NULL,
                                          accept);
}

static NTSTATUS receive(HANDLE from, const char* milliseconds) {
    SIZE_T length = sizeof(message);
    return calls.NtAlpcSendWaitReceivePort_(from, 0, NULL, NULL, &message.header, &length, NULL,
                                            limit(milliseconds));
}

static NTSTATUS request(const char* text, const char* milliseconds) {
    struct demo_message question;
    SIZE_T length = sizeof(message);
    memset(&question, 0, sizeof(question));
    set_text(&question, text);
    return calls.NtAlpcSendWaitReceivePort_(client, ALPC_MSGFLG_SYNC_REQUEST, &question.header, NULL,
                                            &message.header, &length, NULL, limit(milliseconds));
}

static NTSTATUS send_text(HANDLE to, const char* text, ULONG message_id) {
    struct demo_message sent;
    memset(&sent, 0, sizeof(sent));
    set_text(&sent, text);
    sent.header.MessageId = message_id;
    return calls.NtAlpcSendWaitReceivePort_(to, ALPC_MSGFLG_RELEASE_MESSAGE, &sent.header, NULL, NULL, NULL,
                                            NULL, NULL);
}

static NTSTATUS run(int count, char** words) {
    const char* const verb = words[0];
    if (!strcmp(verb, "create") && count == 2) return create(words[1]);
    if (!strcmp(verb, "connect") && count == 4) return connect_to(words[1], words[2], words[3]);
    if (!strcmp(verb, "accept")) return decide(TRUE);
    if (!strcmp(verb, "refuse")) return decide(FALSE);
    if (!strcmp(verb, "receive") && count == 3) return receive(*port(words[1]), words[2]);
    if (!strcmp(verb, "request") && count == 3) return request(words[1], words[2]);
    if (!strcmp(verb, "datagram") && count == 3) return send_text(*port(words[1]), words[2], 0);
    if (!strcmp(verb, "reply") && count == 2) return send_text(listener, words[1], message.header.MessageId);
    if (!strcmp(verb, "close") && count == 2) return NtClose(*port(words[1]));
    if (!strcmp(verb, "exit") && count == 2) exit(atoi(words[1]));
    return STATUS_NOT_IMPLEMENTED;
}

int main(void) {
    char line[300];
    if (!look_up_calls()) {
        printf("the calls are missing\n");
        return 1;
    }
    printf("ready %lu\n", GetCurrentProcessId());
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        char* words[5];
        int count = 0;
        for (char* word = strtok(line, " \r\n"); word && count < 5; word = strtok(NULL, " \r\n"))
            words[count++] = word;
        if (count != 0) tell(run(count, words));
    }
    return 0;
}
