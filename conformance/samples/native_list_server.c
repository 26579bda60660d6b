// SPDX-License-Identifier: LGPL-2.1-or-later
// A Linux program: a server that takes its messages from a completion list.
#include <pthread.h>

#include "list_service.h"

static void* thread(void* service) {
    serve_list(service);
    return NULL;
}

int main(int count, char** arguments) {
    struct list_service service;
    pthread_t threads[LIST_THREADS];
    if (open_list_service(&service, "server", count, arguments)) return 1;
    for (int i = 0; i < LIST_THREADS; ++i) pthread_create(&threads[i], NULL, thread, &service);
    for (int i = 0; i < LIST_THREADS; ++i) pthread_join(threads[i], NULL);
    return close_list_service(&service);
}
