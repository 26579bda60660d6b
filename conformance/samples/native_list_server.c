// SPDX-License-Identifier: LGPL-2.1-or-later
// A Linux program: a server that takes its messages from a completion list.
#include <pthread.h>

#include "list_service.h"

static void* thread(void* service) {
    run_list_service(service);
    return NULL;
}

int main(int count, char** arguments) {
    struct list_service service;
    pthread_t threads[SERVICE_THREADS];
    if (open_service(&service.service, count, arguments) || add_list(&service)) return 1;
    service_is_ready(&service.service);
    for (int i = 0; i < SERVICE_THREADS; ++i) pthread_create(&threads[i], NULL, thread, &service);
    for (int i = 0; i < SERVICE_THREADS; ++i) pthread_join(threads[i], NULL);
    remove_list(&service);
    return close_service(&service.service);
}
