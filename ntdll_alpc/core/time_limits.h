// SPDX-License-Identifier: LGPL-2.1-or-later
// Limits of waits as system calls want them, from nanoseconds; -1 stands for none.
#pragma once

#include <algorithm>
#include <climits>
#include <cstdint>
#include <ctime>

namespace ntalpc {

inline timespec to_timespec(std::int64_t nanoseconds) {
    constexpr std::int64_t second = 1'000'000'000;
    return {static_cast<time_t>(nanoseconds / second), static_cast<long>(nanoseconds % second)};
}

// Rounded up, so that a wait does not end too early.
inline int to_milliseconds(std::int64_t nanoseconds) {
    constexpr std::int64_t millisecond = 1'000'000;
    if (nanoseconds < 0) return -1;
    return static_cast<int>(std::min<std::int64_t>(nanoseconds / millisecond + 1, INT_MAX));
}

}  // namespace ntalpc
