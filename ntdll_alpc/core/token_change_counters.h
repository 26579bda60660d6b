// SPDX-License-Identifier: LGPL-2.1-or-later
// How the PE half tells the unix half that tokens have changed: counters in memory that both see. The first
// one counts what may concern every thread; each thread has one of the others, which it may share with
// others.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ntalpc {

using TokenChangeCounter = std::atomic<std::uint32_t>;
inline constexpr std::size_t kTokenChangeCounters = 128;

// Thread ids are multiples of four.
inline std::size_t token_change_place(std::uintptr_t thread_id) {
    return 1 + thread_id / 4 % (kTokenChangeCounters - 1);
}

}  // namespace ntalpc
