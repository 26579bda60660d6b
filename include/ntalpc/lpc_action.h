// SPDX-License-Identifier: LGPL-2.1-or-later
// What one lpc_message request does: how the legacy calls are made of sends, replies and waits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ntalpc {

enum class LpcAction : std::uint32_t {
    datagram = 0x1,  // send: at most one of the first four
    request = 0x2,
    callback = 0x4,  // a request inside a request that is waited for
    reply = 0x8,
    wait_reply = 0x10,  // then wait for the answer to what was sent
    receive = 0x20,     // or for any message
    listen = 0x40,      // with receive: only connection requests count, others are dropped
};

inline constexpr std::uint32_t operator|(LpcAction a, LpcAction b) {
    return static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b);
}
inline constexpr std::uint32_t operator|(std::uint32_t a, LpcAction b) {
    return a | static_cast<std::uint32_t>(b);
}

// How much request data (NtReadRequestData, NtWriteRequestData) one request moves; more is moved in several.
inline constexpr std::size_t kMaxDataChunk = 64 * 1024;

}  // namespace ntalpc
