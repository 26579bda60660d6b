// SPDX-License-Identifier: LGPL-2.1-or-later
// A Linux program: the service of counting_service.h with the port's event among the descriptors of an event
// loop, for a few threads. With the word "list" it has a completion list too.
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "list_service.h"

static struct list_service with;
static int poller, port_event, end_event;

static void* thread(void* unused) {
    (void)unused;
    while (!all_have_gone(&with.service)) {
        struct epoll_event event;
        // Another thread may have received what there was.
        if (epoll_wait(poller, &event, 1, -1) == 1) receive_all(&with);
    }
    eventfd_write(end_event, 1);  // for the other threads to see
    return NULL;
}

static int watch(int descriptor) {
    struct epoll_event interest = {.events = EPOLLIN, .data.fd = descriptor};
    return epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &interest);
}

int main(int count, char** arguments) {
    const int has_list = count == 3 && !strcmp(arguments[2], "list");
    pthread_t threads[SERVICE_THREADS];
    if (open_service(&with.service, count - has_list, arguments)) return 1;
    if (has_list && add_list(&with)) return 1;
    NTSTATUS status = NtalpcOpenPortEvent(with.service.listener, &port_event);
    if (status != STATUS_SUCCESS) return complain(&with.service, "cannot open the port's event", status);
    poller = epoll_create1(EPOLL_CLOEXEC);
    end_event = eventfd(0, EFD_CLOEXEC);
    if (watch(port_event) != 0 || watch(end_event) != 0)
        return complain(&with.service, "cannot watch descriptors", STATUS_INSUFFICIENT_RESOURCES);
    service_is_ready(&with.service);
    for (int i = 0; i < SERVICE_THREADS; ++i) pthread_create(&threads[i], NULL, thread, NULL);
    for (int i = 0; i < SERVICE_THREADS; ++i) pthread_join(threads[i], NULL);
    close(port_event);
    if (has_list) remove_list(&with);
    return close_service(&with.service);
}
