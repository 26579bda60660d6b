// SPDX-License-Identifier: LGPL-2.1-or-later
// The service of counting_service.h with a completion list, for a few threads.
#ifndef NTALPC_SAMPLES_LIST_SERVICE_H
#define NTALPC_SAMPLES_LIST_SERVICE_H

#include "counting_service.h"

#define LIST_SIZE 0x80000

struct list_service {
    struct counting_service service;
    ALPC_COMPLETION_LIST_HEADER* list;
};

// What is in the list.
static void serve_list(struct list_service* with) {
    AlpcRegisterCompletionListWorkerThread(with->list);
    do {
        PALPC_MESSAGE_ATTRIBUTES attributes;
        PPORT_MESSAGE message;
        while ((message = AlpcGetMessageFromCompletionList(with->list, &attributes)) != NULL) {
            serve_message(&with->service, message, attributes);
            AlpcFreeCompletionListMessage(with->list, message);
        }
    } while (!AlpcUnregisterCompletionListWorkerThread(with->list));
    ++with->service.rounds;
}

// All there is, in the list if there is one and at the port.
static inline void receive_all(struct list_service* with) {
    NTSTATUS status = STATUS_ALPC_CHECK_COMPLETION_LIST;
    while (status == STATUS_SUCCESS || status == (NTSTATUS)STATUS_ALPC_CHECK_COMPLETION_LIST) {
        if (with->list && status != STATUS_SUCCESS) serve_list(with);
        status = receive_message(&with->service, 0);
    }
    ++with->service.rounds;
    if (status != STATUS_TIMEOUT) complain(&with->service, "cannot receive", status);
}

// What each thread of a service does that waits at the port.
static inline void run_list_service(struct list_service* with) {
    const int to_see_whether_all_have_gone = 1;
    while (!all_have_gone(&with->service)) {
        serve_list(with);
        // What does not fit into the list comes as ever.
        NTSTATUS status = receive_message(&with->service, to_see_whether_all_have_gone);
        if (status != STATUS_SUCCESS && status != STATUS_TIMEOUT &&
            status != (NTSTATUS)STATUS_ALPC_CHECK_COMPLETION_LIST) {
            complain(&with->service, "cannot receive", status);
        }
    }
}

static int add_list(struct list_service* with) {
    with->list = calloc(1, LIST_SIZE);
    NTSTATUS status = AlpcRegisterCompletionList(with->service.listener, with->list, LIST_SIZE,
                                                 SERVICE_THREADS, ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    if (status == STATUS_SUCCESS) return 0;
    return complain(&with->service, "cannot register the completion list", status);
}

static void remove_list(struct list_service* with) {
    ULONG outstanding = AlpcGetOutstandingCompletionListMessageCount(with->list);
    if (outstanding != 0) {
        say(with->service.who, "%lu messages not freed", (unsigned long)outstanding);
        with->service.failed = 1;
    }
    NTSTATUS status = AlpcUnregisterCompletionList(with->service.listener);
    if (status != STATUS_SUCCESS) complain(&with->service, "cannot unregister the completion list", status);
    free(with->list);
}

#endif
