// SPDX-License-Identifier: LGPL-2.1-or-later
// A client of the service in counting_service.h: it opens many connections, sends datagrams on all of them in
// turn, and asks at the end whether the server has counted every one.
#ifndef NTALPC_SAMPLES_LIST_VISITOR_H
#define NTALPC_SAMPLES_LIST_VISITOR_H

#include <stdlib.h>

#include "demo.h"

static int visitor_fails(const char* what, NTSTATUS status) {
    say("client", "%s: status %08lx", what, (unsigned long)(ULONG)status);
    return 1;
}

static NTSTATUS visit(HANDLE* port) {
    UNICODE_STRING name = demo_port_name();
    ALPC_PORT_ATTRIBUTES attributes = demo_port_attributes();
    struct demo_message message;
    SIZE_T length = sizeof(message);
    LARGE_INTEGER limit = seconds(60);
    memset(&message, 0, sizeof(message));
    set_text(&message, "");
    return NtAlpcConnectPort(port, &name, NULL, &attributes, ALPC_MSGFLG_SYNC_REQUEST, NULL, &message.header,
                             &length, NULL, NULL, &limit);
}

static NTSTATUS send_number(HANDLE port, unsigned number) {
    struct demo_message message;
    char text[32];
    memset(&message, 0, sizeof(message));
    snprintf(text, sizeof(text), "datagram %u", number);
    set_text(&message, text);
    return NtAlpcSendWaitReceivePort(port, ALPC_MSGFLG_RELEASE_MESSAGE, &message.header, NULL, NULL, NULL,
                                     NULL, NULL);
}

// Several threads count, so the answer may come before the last few have been counted; it is asked for again.
static NTSTATUS ask_for_count(HANDLE port, unsigned expected, unsigned* count) {
    for (int attempt = 0; attempt < 1000; ++attempt) {
        struct demo_message question, answer;
        char text[DEMO_MAX_DATA + 1] = "";
        SIZE_T length = sizeof(answer);
        LARGE_INTEGER limit = seconds(60);
        memset(&question, 0, sizeof(question));
        set_text(&question, "how many?");
        NTSTATUS status = NtAlpcSendWaitReceivePort(port, ALPC_MSGFLG_SYNC_REQUEST, &question.header, NULL,
                                                    &answer.header, &length, NULL, &limit);
        if (status != STATUS_SUCCESS) return status;
        memcpy(text, answer.data, (size_t)text_length(&answer));
        *count = (unsigned)atoi(text);
        if (*count >= expected) break;
    }
    return STATUS_SUCCESS;
}

static int run_visitor(unsigned connections, unsigned datagrams) {
    HANDLE* const ports = calloc(connections, sizeof(*ports));
    NTSTATUS status = STATUS_SUCCESS;
    for (unsigned i = 0; i < connections && status == STATUS_SUCCESS; ++i) status = visit(&ports[i]);
    if (status != STATUS_SUCCESS) return visitor_fails("cannot connect", status);
    for (unsigned number = 0; number < datagrams; ++number) {
        for (unsigned i = 0; i < connections; ++i) {
            status = send_number(ports[i], number);
            if (status != STATUS_SUCCESS) return visitor_fails("cannot send", status);
        }
    }
    int failed = 0;
    for (unsigned i = 0; i < connections; ++i) {
        unsigned count = 0;
        status = ask_for_count(ports[i], datagrams, &count);
        if (status != STATUS_SUCCESS) return visitor_fails("the question failed", status);
        if (count != datagrams) {
            say("client", "connection %u: %u of %u datagrams were counted", i, count, datagrams);
            failed = 1;
        }
    }
    for (unsigned i = 0; i < connections; ++i) NtClose(ports[i]);
    free(ports);
    if (!failed) say("client", "%u connections with %u datagrams each", connections, datagrams);
    return failed;
}

static int visitor_main(int count, char** arguments) {
    if (count == 3) return run_visitor((unsigned)atoi(arguments[1]), (unsigned)atoi(arguments[2]));
    say("client", "usage: %s CONNECTIONS DATAGRAMS-PER-CONNECTION", arguments[0]);
    return 1;
}

#endif
