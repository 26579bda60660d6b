// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/spinning.h"

#include <unistd.h>

#include <ctime>

namespace ntalpc::core {

std::int64_t Spinning::now() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// Where the two sides run is not asked: both may be bound to one processor, or to one each. When they share one,
// looking never helps, and that is learned soon.
bool Spinning::several_processors() {
    static const bool several = sysconf(_SC_NPROCESSORS_ONLN) > 1;
    return several;
}

}  // namespace ntalpc::core
