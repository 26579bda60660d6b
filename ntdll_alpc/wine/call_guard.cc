// SPDX-License-Identifier: LGPL-2.1-or-later
// Wine suspends, terminates and interrupts threads by signals whose handlers may never return. They are
// blocked during a call of the core, except while it waits. The signals of faults stay as they are: Wine
// resolves faults in their handler, and blocking one that happens kills the process.
#include <poll.h>
#include <signal.h>

#include <cerrno>
#include <new>

#include "core/host.h"

namespace ntalpc::host {
namespace {

sigset_t asynchronous_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (int signal : {SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGIO, SIGQUIT, SIGUSR1, SIGUSR2})
        sigaddset(&set, signal);
    return set;
}

const sigset_t kAsynchronousSignals = asynchronous_signals();

}  // namespace

CallGuard::CallGuard() {
    static_assert(sizeof(sigset_t) <= sizeof(saved_));
    pthread_sigmask(SIG_BLOCK, &kAsynchronousSignals, reinterpret_cast<sigset_t*>(saved_));
}

CallGuard::~CallGuard() {
    pthread_sigmask(SIG_SETMASK, reinterpret_cast<sigset_t*>(saved_), nullptr);
}

void CallGuard::wait_readable(int fd) {
    pollfd entry = {fd, POLLIN, 0};
    // ppoll lets the signals through exactly while it sleeps; a handler that returns ends it with EINTR.
    while (ppoll(&entry, 1, nullptr, reinterpret_cast<sigset_t*>(saved_)) < 0) {
        if (errno != EINTR) throw std::bad_alloc();  // the kernel's want of memory is all that remains
    }
}

}  // namespace ntalpc::host
