// SPDX-License-Identifier: LGPL-2.1-or-later
// Sleeping on a word of shared memory, while Wine may suspend or terminate the thread.
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/host.h"
#include "core/time_limits.h"

namespace ntalpc::host {

// A futex wait cannot change the signal mask by itself as ppoll can, and need not: a signal that comes
// between the two steps is handled there. If its handler suspends the thread, the sleep begins when the
// thread resumes; the kernel compares the word then. If it terminates the thread, nothing follows. Whatever
// ends the sleep, the caller looks at the word again.
void CallGuard::wait_word(const std::atomic<std::uint32_t>& word, std::uint32_t expected) {
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, reinterpret_cast<sigset_t*>(saved_), &blocked);
    syscall(SYS_futex, &word, FUTEX_WAIT, expected, nullptr, nullptr, 0);
    pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
}

void CallGuard::wait_word_for(const std::atomic<std::uint64_t>& word, std::uint32_t expected,
                              std::int64_t limit) {
    const timespec time = to_timespec(limit);
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, reinterpret_cast<sigset_t*>(saved_), &blocked);
    syscall(SYS_futex, &word, FUTEX_WAIT, expected, limit < 0 ? nullptr : &time, nullptr, 0);
    pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
}

// Either there are events, or a handler has run; never both, so no event is lost with a thread that is
// terminated.
std::size_t CallGuard::wait_events(int epoll, std::span<epoll_event> events, std::int64_t limit) {
    const int found = epoll_pwait(epoll, events.data(), static_cast<int>(events.size()),
                                  to_milliseconds(limit), reinterpret_cast<sigset_t*>(saved_));
    return found > 0 ? static_cast<std::size_t>(found) : 0;
}

}  // namespace ntalpc::host
