// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/load/event.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

namespace ntalpc::load {

namespace {

[[noreturn]] void fail_with(const char* what) {
    throw std::system_error(errno, std::system_category(), what);
}

}  // namespace

void Event::open() {
    descriptor_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor_ < 0) fail_with("cannot make an event");
}

void Event::set() const {
    if (descriptor_ >= 0) eventfd_write(descriptor_, 1);
}

void Event::clear() const {
    eventfd_t unused;
    if (descriptor_ >= 0) eventfd_read(descriptor_, &unused);
}

bool Event::is_set() const {
    return descriptor_ >= 0 && wait_for_any({descriptor_}, std::chrono::milliseconds(0));
}

UniqueFd end_of_process(pid_t process) {
    UniqueFd end(static_cast<int>(syscall(SYS_pidfd_open, process, 0)));
    if (!end) fail_with("cannot wait for the end of a process");
    return end;
}

bool wait_for_any(std::initializer_list<int> descriptors, std::chrono::milliseconds time) {
    using Clock = std::chrono::steady_clock;
    const auto end = time == kForEver ? Clock::time_point::max() : Clock::now() + time;
    std::vector<pollfd> waited;
    for (const int descriptor : descriptors) waited.push_back({descriptor, POLLIN, 0});
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        const int timeout = time == kForEver ? -1 : static_cast<int>(std::max<std::int64_t>(left, 0));
        const int ready = poll(waited.data(), waited.size(), timeout);
        if (ready >= 0) return ready > 0;
        if (errno != EINTR) fail_with("cannot wait");
    }
}

}  // namespace ntalpc::load
