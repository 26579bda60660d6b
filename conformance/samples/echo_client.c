// SPDX-License-Identifier: LGPL-2.1-or-later
// An ordinary Windows program that talks to the echo service: it connects with a few words, sends requests
// and a datagram, and checks every answer.
#include "demo.h"

static const char* const me = "client";

static int fail(const char* what, NTSTATUS status) {
    say(me, "%s: status %08lx", what, (unsigned long)(ULONG)status);
    return 1;
}

static NTSTATUS connect_to_server(HANDLE* port) {
    UNICODE_STRING name = demo_port_name();
    ALPC_PORT_ATTRIBUTES attributes = demo_port_attributes();
    struct demo_message message;
    SIZE_T length = sizeof(message);
    LARGE_INTEGER limit = seconds(30);
    memset(&message, 0, sizeof(message));
    set_text(&message, "hello, this is the client");
    NTSTATUS status = NtAlpcConnectPort(port, &name, NULL, &attributes, ALPC_MSGFLG_SYNC_REQUEST, NULL,
                                        &message.header, &length, NULL, NULL, &limit);
    if (status == STATUS_SUCCESS)
        say(me, "connected; the server says \"%.*s\"", text_length(&message), message.data);
    return status;
}

// One request and its answer, which must be the echo of `text`.
static int ask(HANDLE port, const char* text) {
    struct demo_message question, answer;
    char expected[DEMO_MAX_DATA];
    SIZE_T length = sizeof(answer);
    LARGE_INTEGER limit = seconds(30);
    memset(&question, 0, sizeof(question));
    set_text(&question, text);
    NTSTATUS status = NtAlpcSendWaitReceivePort(port, ALPC_MSGFLG_SYNC_REQUEST, &question.header, NULL,
                                                &answer.header, &length, NULL, &limit);
    if (status != STATUS_SUCCESS) return fail("the request failed", status);
    say(me, "asked \"%s\", got \"%.*s\"", text, text_length(&answer), answer.data);
    snprintf(expected, sizeof(expected), "echo of %s", text);
    if ((size_t)text_length(&answer) == strlen(expected) && !memcmp(answer.data, expected, strlen(expected)))
        return 0;
    say(me, "expected \"%s\"", expected);
    return 1;
}

static NTSTATUS send_datagram(HANDLE port, const char* text) {
    struct demo_message message;
    memset(&message, 0, sizeof(message));
    set_text(&message, text);
    say(me, "sending the datagram \"%s\"", text);
    return NtAlpcSendWaitReceivePort(port, ALPC_MSGFLG_RELEASE_MESSAGE, &message.header, NULL, NULL, NULL,
                                     NULL, NULL);
}

int main(void) {
    HANDLE port = NULL;
    NTSTATUS status = connect_to_server(&port);
    if (status != STATUS_SUCCESS) return fail("cannot connect", status);
    if (ask(port, "one") || ask(port, "two") || ask(port, "three")) return 1;
    status = send_datagram(port, "no answer needed");
    if (status != STATUS_SUCCESS) return fail("the datagram failed", status);
    // A last request: once it is answered, the datagram before it has been taken too.
    if (ask(port, "goodbye")) return 1;
    status = NtClose(port);
    if (status != STATUS_SUCCESS) return fail("cannot close the port", status);
    say(me, "done");
    return 0;
}
