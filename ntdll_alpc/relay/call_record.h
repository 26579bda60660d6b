// SPDX-License-Identifier: LGPL-2.1-or-later
// One call of a program under way, as its closure sees it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "generated/relay_table.h"

namespace ntalpc::relay {

inline constexpr std::size_t kMaxArguments = 16;

struct CallRecord {
    const RelayCall* call = nullptr;
    const void* caller = nullptr;  // where it returns to
    std::uint64_t values[kMaxArguments] = {};
    std::uint64_t result = 0;
    std::int64_t began = 0;  // on the monotonic clock
    bool ended = false;
    bool shown = false;  // that it began; then its end is shown as well
};

}  // namespace ntalpc::relay
