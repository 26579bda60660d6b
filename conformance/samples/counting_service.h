// SPDX-License-Identifier: LGPL-2.1-or-later
// A service for many clients, without the way in which it learns that there are messages: that differs. The
// same source for Windows programs and for Linux programs.
//
// It counts the datagrams of each connection; a request is answered with the number. When all clients have
// gone, it ends.
#ifndef NTALPC_SAMPLES_COUNTING_SERVICE_H
#define NTALPC_SAMPLES_COUNTING_SERVICE_H

#include <stdatomic.h>
#include <stdlib.h>

#include "demo.h"

#define SERVICE_THREADS 2

struct counted_connection {
    HANDLE port;
    atomic_uint datagrams;
    struct counted_connection* next;
};

struct counting_service {
    const char* who;
    unsigned expected;  // connections
    HANDLE listener;
    _Atomic(struct counted_connection*) connections;
    atomic_uint accepted, gone, datagrams;
    atomic_uint rounds;  // how often a thread has looked for messages
    atomic_int failed;
};

static int complain(struct counting_service* service, const char* what, NTSTATUS status) {
    say(service->who, "%s: status %08lx", what, (unsigned long)(ULONG)status);
    service->failed = 1;
    return 1;
}

static void accept_connection(struct counting_service* service, PORT_MESSAGE* request) {
    struct counted_connection* connection = calloc(1, sizeof(*connection));
    NTSTATUS status = STATUS_NO_MEMORY;
    ++service->accepted;
    if (connection) {
        status = NtAlpcAcceptConnectPort(&connection->port, service->listener, 0, NULL, NULL, connection,
                                         request, NULL, TRUE);
    }
    if (status != STATUS_SUCCESS) {
        complain(service, "cannot accept a connection", status);
        free(connection);
        return;
    }
    connection->next = service->connections;
    while (!atomic_compare_exchange_weak(&service->connections, &connection->next, connection)) {
    }
}

static void answer_with_count(struct counting_service* service, PORT_MESSAGE* request,
                              struct counted_connection* connection) {
    struct demo_message answer;
    char text[32];
    memset(&answer, 0, sizeof(answer));
    answer.header.MessageId = request->MessageId;
    answer.header.CallbackId = request->CallbackId;
    snprintf(text, sizeof(text), "%u", connection->datagrams);
    set_text(&answer, text);
    NTSTATUS status = NtAlpcSendWaitReceivePort(service->listener, ALPC_MSGFLG_RELEASE_MESSAGE,
                                                &answer.header, NULL, NULL, NULL, NULL, NULL);
    if (status != STATUS_SUCCESS) complain(service, "cannot answer", status);
}

static void serve_message(struct counting_service* service, PORT_MESSAGE* message,
                          ALPC_MESSAGE_ATTRIBUTES* attributes) {
    const ALPC_CONTEXT_ATTR* context = AlpcGetMessageAttribute(attributes, ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    struct counted_connection* connection = NULL;
    if (attributes->ValidAttributes & ALPC_MESSAGE_CONTEXT_ATTRIBUTE) connection = context->PortContext;
    switch (message->u2.s2.Type & 0xFF) {
        case LPC_CONNECTION_REQUEST:
            accept_connection(service, message);
            break;
        case LPC_DATAGRAM:
            ++connection->datagrams;
            ++service->datagrams;
            break;
        case LPC_REQUEST:
            answer_with_count(service, message, connection);
            break;
        case LPC_PORT_CLOSED:
            ++service->gone;
            break;
        default:
            say(service->who, "message of type %d, ignored", message->u2.s2.Type & 0xFF);
    }
}

// Receives one message and serves it.
static NTSTATUS receive_message(struct counting_service* service, int patience) {
    struct {
        ALPC_MESSAGE_ATTRIBUTES header;
        ALPC_CONTEXT_ATTR context;
    } attributes;
    struct demo_message message;
    SIZE_T length = sizeof(message);
    LARGE_INTEGER limit = seconds(patience);
    memset(&attributes, 0, sizeof(attributes));
    attributes.header.AllocatedAttributes = ALPC_MESSAGE_CONTEXT_ATTRIBUTE;
    NTSTATUS status = NtAlpcSendWaitReceivePort(service->listener, 0, NULL, NULL, &message.header, &length,
                                                &attributes.header, &limit);
    if (status == STATUS_SUCCESS) serve_message(service, &message.header, &attributes.header);
    return status;
}

static int all_have_gone(struct counting_service* service) {
    return service->gone >= service->expected || service->failed;
}

static int open_service(struct counting_service* service, int count, char** arguments) {
    UNICODE_STRING name = demo_port_name();
    OBJECT_ATTRIBUTES attributes;
    ALPC_PORT_ATTRIBUTES port_attributes = demo_port_attributes();
    memset(service, 0, sizeof(*service));
    service->who = "server";
    if (count != 2) {
        say(service->who, "usage: %s CONNECTIONS", arguments[0]);
        return 1;
    }
    service->expected = (unsigned)atoi(arguments[1]);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    NTSTATUS status = NtAlpcCreatePort(&service->listener, &attributes, &port_attributes);
    return status == STATUS_SUCCESS ? 0 : complain(service, "cannot create the port", status);
}

// Clients may come.
static void service_is_ready(const struct counting_service* service) {
    say(service->who, "ready on \\RPC Control\\ntalpc-demo");
}

// The exit code of the program.
static int close_service(struct counting_service* service) {
    while (service->connections) {
        struct counted_connection* connection = service->connections;
        service->connections = connection->next;
        NtClose(connection->port);
        free(connection);
    }
    NtClose(service->listener);
    say(service->who, "%u connections, %u datagrams, %u rounds", service->accepted, service->datagrams,
        service->rounds);
    return service->failed;
}

#endif
