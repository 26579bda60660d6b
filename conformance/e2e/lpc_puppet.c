// SPDX-License-Identifier: LGPL-2.1-or-later
// A Windows program that makes one legacy call for each line it reads, and prints one line about the outcome:
// status, then type, process, thread and id of the message, then its text. The test holds the strings.
//
//   create NAME      connect NAME    accept           refuse          accept_of PROCESS THREAD ID
//   receive PORT MS  request TEXT    datagram PORT TEXT               reply TEXT
//   register PORT    close PORT      cycles NAME COUNT  serve COUNT   exit N
//
// PORT is listener, server or client: the last one made of its kind. MS is a limit in milliseconds, -1 for
// none. cycles connects, asks and closes so many times; serve is the other side of it, until so many clients
// have gone.
#include "conformance/samples/demo.h"

#include <stdlib.h>

#define MAX_MESSAGE (sizeof(PORT_MESSAGE) + 200)

static HANDLE listener, server, client;
static struct demo_message message;  // the last one received

static void tell(NTSTATUS status) {
    const int received = status == STATUS_SUCCESS;
    printf("%08lx %d %lu %lu %lu %.*s\n", (unsigned long)(ULONG)status,
           received ? message.header.u2.s2.Type & 0xFF : 0,
           (unsigned long)(ULONG_PTR)message.header.ClientId.UniqueProcess,
           (unsigned long)(ULONG_PTR)message.header.ClientId.UniqueThread,
           (unsigned long)message.header.MessageId,
           received && (message.header.u2.s2.Type & 0xFF) != LPC_CLIENT_DIED &&
                   (message.header.u2.s2.Type & 0xFF) != LPC_PORT_CLOSED
               ? text_length(&message)
               : 0,
           message.data);
    fflush(stdout);
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
    InitializeObjectAttributes(&attributes, &string, 0, NULL, NULL);
    return NtCreatePort(&listener, &attributes, 100, MAX_MESSAGE, 0);
}

static NTSTATUS connect_to(const char* name) {
    UNICODE_STRING string = path(name);
    SECURITY_QUALITY_OF_SERVICE quality = {sizeof(quality), SecurityImpersonation, SECURITY_DYNAMIC_TRACKING,
                                           TRUE};
    return NtConnectPort(&client, &string, &quality, NULL, NULL, NULL, NULL, NULL);
}

static NTSTATUS accept_request(BOOLEAN yes) {
    set_text(&message, "");
    NTSTATUS status = NtAcceptConnectPort(&server, NULL, &message.header, yes, NULL, NULL);
    return status == STATUS_SUCCESS && yes ? NtCompleteConnectPort(server) : status;
}

static NTSTATUS accept_of(const char* process, const char* thread, const char* id) {
    memset(&message, 0, sizeof(message));
    message.header.ClientId.UniqueProcess = (HANDLE)(ULONG_PTR)strtoul(process, NULL, 10);
    message.header.ClientId.UniqueThread = (HANDLE)(ULONG_PTR)strtoul(thread, NULL, 10);
    message.header.MessageId = strtoul(id, NULL, 10);
    return accept_request(TRUE);
}

static NTSTATUS receive(HANDLE from, const char* milliseconds) {
    LARGE_INTEGER time;
    time.QuadPart = -10000LL * atoi(milliseconds);
    return NtReplyWaitReceivePortEx(from, NULL, NULL, &message.header, time.QuadPart > 0 ? NULL : &time);
}

static struct demo_message new_message(const char* text) {
    struct demo_message made;
    memset(&made, 0, sizeof(made));
    set_text(&made, text);
    return made;
}

static NTSTATUS request(const char* text) {
    struct demo_message made = new_message(text);
    return NtRequestWaitReplyPort(client, &made.header, &message.header);
}

static NTSTATUS datagram(HANDLE to, const char* text) {
    struct demo_message made = new_message(text);
    return NtRequestPort(to, &made.header);
}

static NTSTATUS reply(const char* text) {
    struct demo_message made = message;
    set_text(&made, text);
    return NtReplyPort(listener, &made.header);
}

static NTSTATUS cycles(const char* name, const char* count) {
    NTSTATUS status = STATUS_SUCCESS;
    for (int left = atoi(count); left > 0 && status == STATUS_SUCCESS; --left) {
        status = connect_to(name);
        if (status == STATUS_SUCCESS) status = request("cycle");
        if (status == STATUS_SUCCESS) status = NtClose(client);
    }
    return status;
}

// The context of a connection accepted without one is the handle of its server port.
static NTSTATUS serve(const char* count) {
    NTSTATUS status = STATUS_SUCCESS;
    for (int left = atoi(count); left > 0 && status == STATUS_SUCCESS;) {
        PVOID context = NULL;
        status = NtReplyWaitReceivePort(listener, &context, NULL, &message.header);
        if (status != STATUS_SUCCESS) return status;
        switch (message.header.u2.s2.Type) {
            case LPC_CONNECTION_REQUEST:
                status = accept_request(TRUE);
                break;
            case LPC_REQUEST:
                status = reply("cycle");
                break;
            case LPC_PORT_CLOSED:
                status = NtClose(context);
                --left;
                break;
        }
    }
    return status;
}

static NTSTATUS obey(const char* verb, char** words) {
    if (!strcmp(verb, "create")) return create(words[0]);
    if (!strcmp(verb, "connect")) return connect_to(words[0]);
    if (!strcmp(verb, "accept")) return accept_request(TRUE);
    if (!strcmp(verb, "refuse")) return accept_request(FALSE);
    if (!strcmp(verb, "accept_of")) return accept_of(words[0], words[1], words[2]);
    if (!strcmp(verb, "receive")) return receive(*port(words[0]), words[1]);
    if (!strcmp(verb, "request")) return request(words[0]);
    if (!strcmp(verb, "datagram")) return datagram(*port(words[0]), words[1]);
    if (!strcmp(verb, "reply")) return reply(words[0]);
    if (!strcmp(verb, "register")) return NtRegisterThreadTerminatePort(*port(words[0]));
    if (!strcmp(verb, "close")) return NtClose(*port(words[0]));
    if (!strcmp(verb, "cycles")) return cycles(words[0], words[1]);
    if (!strcmp(verb, "serve")) return serve(words[0]);
    if (!strcmp(verb, "exit")) exit(atoi(words[0]));
    fprintf(stderr, "lpc_puppet: there is no command \"%s\"\n", verb);
    exit(2);
}

int main(void) {
    char line[300];
    printf("ready %lu\n", (unsigned long)GetCurrentProcessId());
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        char* words[4] = {"", "", "", ""};
        char* word = strtok(line, " \r\n");
        for (int i = 0; word && i < 4; ++i, word = strtok(NULL, " \r\n")) words[i] = word;
        tell(obey(words[0], words + 1));
    }
    return 0;
}
