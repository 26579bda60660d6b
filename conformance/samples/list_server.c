// SPDX-License-Identifier: LGPL-2.1-or-later
// An ordinary Windows program: a server that takes its messages from a completion list.
#include "list_service.h"

static DWORD WINAPI thread(void* service) {
    serve_list(service);
    return 0;
}

int main(int count, char** arguments) {
    struct list_service service;
    HANDLE threads[LIST_THREADS];
    if (open_list_service(&service, "server", count, arguments)) return 1;
    for (int i = 0; i < LIST_THREADS; ++i) threads[i] = CreateThread(NULL, 0, thread, &service, 0, NULL);
    for (int i = 0; i < LIST_THREADS; ++i) WaitForSingleObject(threads[i], INFINITE);
    return close_list_service(&service);
}
