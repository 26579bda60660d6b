// SPDX-License-Identifier: LGPL-2.1-or-later
// An ordinary Windows program: the service of counting_service.h with an I/O completion port, for a few
// threads. With the word "list" it has a completion list too, and packets tell when to look at it.
#include "list_service.h"

static struct list_service with;
static HANDLE packets;

static DWORD WINAPI thread(void* unused) {
    (void)unused;
    while (!all_have_gone(&with.service)) {
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED* overlapped;
        // Another thread may have received what a packet was posted for.
        if (!GetQueuedCompletionStatus(packets, &bytes, &key, &overlapped, INFINITE)) return 1;
        receive_all(&with);
    }
    // For the next thread to see.
    PostQueuedCompletionStatus(packets, 0, 0, NULL);
    return 0;
}

static NTSTATUS associate(void) {
    ALPC_PORT_ASSOCIATE_COMPLETION_PORT wanted;
    packets = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, SERVICE_THREADS);
    wanted.CompletionKey = &with;
    wanted.CompletionPort = packets;
    return NtAlpcSetInformation(with.service.listener, AlpcAssociateCompletionPortInformation, &wanted,
                                sizeof(wanted));
}

int main(int count, char** arguments) {
    const int has_list = count == 3 && !strcmp(arguments[2], "list");
    HANDLE threads[SERVICE_THREADS];
    if (open_service(&with.service, count - has_list, arguments)) return 1;
    NTSTATUS status = associate();
    if (status != STATUS_SUCCESS) return complain(&with.service, "cannot associate the port", status);
    if (has_list && add_list(&with)) return 1;
    service_is_ready(&with.service);
    for (int i = 0; i < SERVICE_THREADS; ++i) threads[i] = CreateThread(NULL, 0, thread, NULL, 0, NULL);
    WaitForMultipleObjects(SERVICE_THREADS, threads, TRUE, INFINITE);
    CloseHandle(packets);
    if (has_list) remove_list(&with);
    return close_service(&with.service);
}
