// SPDX-License-Identifier: LGPL-2.1-or-later
// An echo service on a port: the same source for a Windows program and for a Linux program.
#ifndef NTALPC_SAMPLES_ECHO_SERVICE_H
#define NTALPC_SAMPLES_ECHO_SERVICE_H

#include "demo.h"

struct echo_service {
    const char* who;  // begins every printed line
    HANDLE listener;
    HANDLE client;  // the server's end of the only connection
};

static NTSTATUS accept_client(struct echo_service* service, struct demo_message* request) {
    say(service->who, "process %lu wants to connect and says \"%.*s\"",
        (unsigned long)(ULONG_PTR)request->header.ClientId.UniqueProcess, text_length(request),
        request->data);
    set_text(request, "welcome");
    NTSTATUS status = NtAlpcAcceptConnectPort(&service->client, service->listener, 0, NULL, NULL, NULL,
                                              &request->header, NULL, TRUE);
    if (NT_SUCCESS(status)) say(service->who, "accepted it with \"welcome\"");
    return status;
}

static NTSTATUS answer_request(struct echo_service* service, struct demo_message* message) {
    char text[DEMO_MAX_DATA];
    snprintf(text, sizeof(text), "echo of %.*s", text_length(message), message->data);
    say(service->who, "request \"%.*s\", answering \"%s\"", text_length(message), message->data, text);
    set_text(message, text);
    return NtAlpcSendWaitReceivePort(service->listener, ALPC_MSGFLG_RELEASE_MESSAGE, &message->header, NULL,
                                     NULL, NULL, NULL, NULL);
}

// Handles one message. Sets *done when the client has gone.
static NTSTATUS handle_message(struct echo_service* service, struct demo_message* message, int* done) {
    switch (message->header.u2.s2.Type & 0xFF) {
        case LPC_CONNECTION_REQUEST:
            return accept_client(service, message);
        case LPC_REQUEST:
            return answer_request(service, message);
        case LPC_DATAGRAM:
            say(service->who, "datagram \"%.*s\"", text_length(message), message->data);
            return STATUS_SUCCESS;
        case LPC_PORT_CLOSED:
            say(service->who, "the client has closed its port");
            *done = 1;
            return NtClose(service->client);
        default:
            say(service->who, "message of type %d, ignored", message->header.u2.s2.Type & 0xFF);
            return STATUS_SUCCESS;
    }
}

// Serves one client from its connection to its end. The exit code of the program.
static int run_echo_service(const char* who) {
    struct echo_service service = {who, NULL, NULL};
    UNICODE_STRING name = demo_port_name();
    OBJECT_ATTRIBUTES attributes;
    ALPC_PORT_ATTRIBUTES port_attributes = demo_port_attributes();
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    NTSTATUS status = NtAlpcCreatePort(&service.listener, &attributes, &port_attributes);
    if (!NT_SUCCESS(status)) {
        say(who, "cannot create the port: status %08lx", (unsigned long)(ULONG)status);
        return 1;
    }
    say(who, "ready on \\RPC Control\\ntalpc-demo");

    int done = 0;
    while (!done) {
        struct demo_message message;
        SIZE_T length = sizeof(message);
        LARGE_INTEGER limit = seconds(60);
        status = NtAlpcSendWaitReceivePort(service.listener, 0, NULL, NULL, &message.header, &length, NULL,
                                           &limit);
        if (status == STATUS_SUCCESS) status = handle_message(&service, &message, &done);
        if (status != STATUS_SUCCESS) {
            say(who, "giving up: status %08lx", (unsigned long)(ULONG)status);
            return 1;
        }
    }
    NtClose(service.listener);
    say(who, "done");
    return 0;
}

#endif
