// SPDX-License-Identifier: LGPL-2.1-or-later
// What is known about a handle value of the process: one byte each in a table that both halves write to.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ntalpc {

// A watched one is not ours, but the unix half wants to hear of its end.
enum class HandleKind : std::uint8_t { unknown, other, ours, watched };

using HandleKindByte = std::atomic<HandleKind>;
static_assert(sizeof(HandleKindByte) == 1 && HandleKindByte::is_always_lock_free);

// Handle values are small multiples of 4 whose lowest two bits do not count. Processes with more handles than
// this have their later ones looked up each time.
inline constexpr std::size_t kNotedHandles = 65536;

inline std::size_t place_of(const void* handle) {
    return reinterpret_cast<std::uintptr_t>(handle) / 4;
}

}  // namespace ntalpc
