// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/spinning.h"

#include <sched.h>
#include <unistd.h>

#include <ctime>

namespace ntalpc::core {

std::int64_t Spinning::now() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::uint16_t Spinning::this_processor() {
    return static_cast<std::uint16_t>(sched_getcpu());
}

// Where the two sides may run is not asked: both may be bound to one processor, or to one each. What counts
// is where the other side was.
bool Spinning::several_processors() {
    static const bool several = sysconf(_SC_NPROCESSORS_ONLN) > 1;
    return several;
}

}  // namespace ntalpc::core
