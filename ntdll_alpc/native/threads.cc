// SPDX-License-Identifier: LGPL-2.1-or-later
// Threads of our own in a native process.
#include <pthread.h>
#include <signal.h>

#include <memory>

#include "core/host.h"
#include "ntalpc/status.h"

namespace ntalpc::host {

// Signals of the program are for its own threads.
NtStatus start_thread(void (*function)(void*), void* argument) {
    struct Start {
        void (*function)(void*);
        void* argument;
    };
    std::unique_ptr<Start> start(new Start{function, argument});
    sigset_t all, before;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS}) sigdelset(&all, fault);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    const int failure = pthread_create(
        &thread, nullptr,
        [](void* given) -> void* {
            const std::unique_ptr<Start> own(static_cast<Start*>(given));
            own->function(own->argument);
            return nullptr;
        },
        start.get());
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (failure != 0) return STATUS_INSUFFICIENT_RESOURCES;
    start.release();
    pthread_detach(thread);
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::host
