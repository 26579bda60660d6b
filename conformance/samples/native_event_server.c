// SPDX-License-Identifier: LGPL-2.1-or-later
// A Linux program: the service of counting_service.h with the port's event among the descriptors of an event
// loop, for a few threads.
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "counting_service.h"

static struct counting_service service;
static int poller, port_event, end_event;

static void* thread(void* unused) {
    (void)unused;
    while (!all_have_gone(&service)) {
        struct epoll_event event;
        NTSTATUS status;
        if (epoll_wait(poller, &event, 1, -1) != 1) continue;
        // Another thread may have received what there was.
        do {
            status = receive_message(&service, 0);
        } while (status == STATUS_SUCCESS);
        ++service.rounds;
        if (status != STATUS_TIMEOUT) complain(&service, "cannot receive", status);
    }
    eventfd_write(end_event, 1);  // for the other threads to see
    return NULL;
}

static int watch(int descriptor) {
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = descriptor};
    return epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &interest);
}

int main(int count, char** arguments) {
    pthread_t threads[SERVICE_THREADS];
    if (open_service(&service, count, arguments)) return 1;
    NTSTATUS status = NtalpcOpenPortEvent(service.listener, &port_event);
    if (status != STATUS_SUCCESS) return complain(&service, "cannot open the port's event", status);
    poller = epoll_create1(EPOLL_CLOEXEC);
    end_event = eventfd(0, EFD_CLOEXEC);
    if (watch(port_event) != 0 || watch(end_event) != 0)
        return complain(&service, "cannot watch descriptors", STATUS_INSUFFICIENT_RESOURCES);
    service_is_ready(&service);
    for (int i = 0; i < SERVICE_THREADS; ++i) pthread_create(&threads[i], NULL, thread, NULL);
    for (int i = 0; i < SERVICE_THREADS; ++i) pthread_join(threads[i], NULL);
    close(port_event);
    return close_service(&service);
}
