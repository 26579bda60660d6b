// SPDX-License-Identifier: LGPL-2.1-or-later
// A service for many clients that takes its messages from a completion list, with a few threads. The same
// source for a Windows program and for a Linux program.
//
// It counts the datagrams of each connection; a request is answered with the number. When all clients have
// gone, it ends.
#ifndef NTALPC_SAMPLES_LIST_SERVICE_H
#define NTALPC_SAMPLES_LIST_SERVICE_H

#include <stdatomic.h>
#include <stdlib.h>

#include "demo.h"

#define LIST_SIZE 0x80000
#define LIST_THREADS 2

struct list_connection {
    HANDLE port;
    atomic_uint datagrams;
    struct list_connection* next;
};

struct list_service {
    const char* who;
    unsigned expected;  // connections
    HANDLE listener;
    ALPC_COMPLETION_LIST_HEADER* list;
    _Atomic(struct list_connection*) connections;
    atomic_uint accepted, gone, datagrams, rounds;
    atomic_int failed;
};

static int complain(struct list_service* service, const char* what, NTSTATUS status) {
    say(service->who, "%s: status %08lx", what, (unsigned long)(ULONG)status);
    service->failed = 1;
    return 1;
}

static void accept_connection(struct list_service* service, PORT_MESSAGE* request) {
    struct list_connection* connection = calloc(1, sizeof(*connection));
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

static void answer_with_count(struct list_service* service, PORT_MESSAGE* request,
                              struct list_connection* connection) {
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

static void serve_message(struct list_service* service, PORT_MESSAGE* message,
                          ALPC_MESSAGE_ATTRIBUTES* attributes) {
    const ALPC_CONTEXT_ATTR* context = AlpcGetMessageAttribute(attributes, ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    struct list_connection* connection = NULL;
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

// What does not fit into the list comes as ever.
static NTSTATUS wait_for_messages(struct list_service* service) {
    struct {
        ALPC_MESSAGE_ATTRIBUTES header;
        ALPC_CONTEXT_ATTR context;
    } attributes;
    struct demo_message message;
    SIZE_T length = sizeof(message);
    LARGE_INTEGER limit = seconds(1);  // to see whether all have gone
    memset(&attributes, 0, sizeof(attributes));
    attributes.header.AllocatedAttributes = ALPC_MESSAGE_CONTEXT_ATTRIBUTE;
    NTSTATUS status = NtAlpcSendWaitReceivePort(service->listener, 0, NULL, NULL, &message.header, &length,
                                                &attributes.header, &limit);
    if (status == STATUS_SUCCESS) serve_message(service, &message.header, &attributes.header);
    return status;
}

// What each thread of the service does.
static void serve_list(struct list_service* service) {
    while (service->gone < service->expected) {
        AlpcRegisterCompletionListWorkerThread(service->list);
        do {
            PALPC_MESSAGE_ATTRIBUTES attributes;
            PPORT_MESSAGE message;
            while ((message = AlpcGetMessageFromCompletionList(service->list, &attributes)) != NULL) {
                serve_message(service, message, attributes);
                AlpcFreeCompletionListMessage(service->list, message);
            }
        } while (!AlpcUnregisterCompletionListWorkerThread(service->list));
        ++service->rounds;
        NTSTATUS status = wait_for_messages(service);
        if (status != STATUS_SUCCESS && status != STATUS_TIMEOUT &&
            status != (NTSTATUS)STATUS_ALPC_CHECK_COMPLETION_LIST) {
            complain(service, "cannot receive", status);
            return;
        }
    }
}

static int open_list_service(struct list_service* service, const char* who, int count, char** arguments) {
    UNICODE_STRING name = demo_port_name();
    OBJECT_ATTRIBUTES attributes;
    ALPC_PORT_ATTRIBUTES port_attributes = demo_port_attributes();
    memset(service, 0, sizeof(*service));
    service->who = who;
    if (count != 2) {
        say(who, "usage: %s CONNECTIONS", arguments[0]);
        return 1;
    }
    service->expected = (unsigned)atoi(arguments[1]);
    service->list = calloc(1, LIST_SIZE);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    NTSTATUS status = NtAlpcCreatePort(&service->listener, &attributes, &port_attributes);
    if (status != STATUS_SUCCESS) return complain(service, "cannot create the port", status);
    status = AlpcRegisterCompletionList(service->listener, service->list, LIST_SIZE, LIST_THREADS,
                                        ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    if (status != STATUS_SUCCESS) return complain(service, "cannot register the completion list", status);
    say(who, "ready on \\RPC Control\\ntalpc-demo");
    return 0;
}

// The exit code of the program.
static int close_list_service(struct list_service* service) {
    ULONG outstanding = AlpcGetOutstandingCompletionListMessageCount(service->list);
    NTSTATUS status = AlpcUnregisterCompletionList(service->listener);
    if (status != STATUS_SUCCESS) complain(service, "cannot unregister the completion list", status);
    while (service->connections) {
        struct list_connection* connection = service->connections;
        service->connections = connection->next;
        NtClose(connection->port);
        free(connection);
    }
    NtClose(service->listener);
    free(service->list);
    say(service->who, "%u connections, %u datagrams, %lu messages not freed, %u rounds", service->accepted,
        service->datagrams, (unsigned long)outstanding, service->rounds);
    return service->failed || outstanding != 0;
}

#endif
