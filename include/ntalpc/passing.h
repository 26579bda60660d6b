// SPDX-License-Identifier: LGPL-2.1-or-later
// Handle passing: what the server and its clients must agree on beyond the wire protocol.
#pragma once

#include <cstdint>

namespace ntalpc {

// Windows has no code for ports, nor for anything else that it does not let pass. Programs never see this
// one.
inline constexpr std::uint32_t kPassedPort = 0x80000000;

// What a sender must do before its objects can be taken.
enum class AttachNeed : std::uint32_t {
    nothing,
    descriptors,  // the receiver lives in another world, where the sender's handles mean nothing
    keeper,       // nobody holds duplicates yet in the sender's world: start a keeper
};

}  // namespace ntalpc
