// SPDX-License-Identifier: LGPL-2.1-or-later
// How the messages of a process go (NTALPC_PATH), and what the server says about leases.
#pragma once

#include <cstdint>

#include "ntalpc/ntlpcapi.h"

namespace ntalpc {

enum class MessagePath : std::uint32_t {
    automatic,  // directly, on connections that are worth it
    mediated,   // through the server, always
    direct,     // directly wherever that is possible, from the first message on
};

// In answers to send_wait_receive, in place of the number of a lease.
inline constexpr std::uint32_t kLookAtLeases = 0xFFFFFFFF;

// What a call of NtAlpcSendWaitReceivePort may ask for without the server.
inline constexpr std::uint32_t kFlagsOfLeases = ALPC_MSGFLG_SYNC_REQUEST | ALPC_MSGFLG_RELEASE_MESSAGE;

}  // namespace ntalpc
