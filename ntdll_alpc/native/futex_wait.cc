// SPDX-License-Identifier: LGPL-2.1-or-later
// Sleeping on a word of shared memory.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/host.h"
#include "core/time_limits.h"

namespace ntalpc::host {

// Whatever ends the sleep, the caller looks at the word again.
void CallGuard::wait_word(const std::atomic<std::uint32_t>& word, std::uint32_t expected) {
    syscall(SYS_futex, &word, FUTEX_WAIT, expected, nullptr, nullptr, 0);
}

void CallGuard::wait_word_for(const std::atomic<std::uint64_t>& word, std::uint32_t expected,
                              std::int64_t limit) {
    const timespec time = to_timespec(limit);
    syscall(SYS_futex, &word, FUTEX_WAIT, expected, limit < 0 ? nullptr : &time, nullptr, 0);
}

std::size_t CallGuard::wait_events(int epoll, std::span<epoll_event> events, std::int64_t limit) {
    const int found =
        epoll_wait(epoll, events.data(), static_cast<int>(events.size()), to_milliseconds(limit));
    return found > 0 ? static_cast<std::size_t>(found) : 0;
}

}  // namespace ntalpc::host
