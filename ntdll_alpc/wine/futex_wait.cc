// SPDX-License-Identifier: LGPL-2.1-or-later
// Sleeping on a word of shared memory, while Wine may suspend or terminate the thread.
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/host.h"

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

}  // namespace ntalpc::host
