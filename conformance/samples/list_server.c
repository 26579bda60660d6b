// SPDX-License-Identifier: LGPL-2.1-or-later
// An ordinary Windows program: a server that takes its messages from a completion list.
#include "list_service.h"

static DWORD WINAPI thread(void* service) {
    run_list_service(service);
    return 0;
}

int main(int count, char** arguments) {
    struct list_service service;
    HANDLE threads[SERVICE_THREADS];
    if (open_service(&service.service, count, arguments) || add_list(&service)) return 1;
    service_is_ready(&service.service);
    for (int i = 0; i < SERVICE_THREADS; ++i) threads[i] = CreateThread(NULL, 0, thread, &service, 0, NULL);
    for (int i = 0; i < SERVICE_THREADS; ++i) WaitForSingleObject(threads[i], INFINITE);
    remove_list(&service);
    return close_service(&service.service);
}
