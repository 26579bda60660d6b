// SPDX-License-Identifier: LGPL-2.1-or-later
// Sleeping on a word of shared memory.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/host.h"

namespace ntalpc::host {

// Whatever ends the sleep, the caller looks at the word again.
void CallGuard::wait_word(const std::atomic<std::uint32_t>& word, std::uint32_t expected) {
    syscall(SYS_futex, &word, FUTEX_WAIT, expected, nullptr, nullptr, 0);
}

}  // namespace ntalpc::host
