// SPDX-License-Identifier: LGPL-2.1-or-later
// The view attribute of messages.
#pragma once

#include <cstdint>

#include "core/call_scope.h"
#include "generated/protocol.h"
#include "ntalpc/ntlpcapi.h"

namespace ntalpc::core {

NTSTATUS capture_view(const ALPC_DATA_VIEW_ATTR* where, wire::MessageAttributes* captured);
NTSTATUS write_view(ALPC_DATA_VIEW_ATTR* where, const wire::MessageAttributes& received);

// A view on its way out. Copies stand for the same.
class OutgoingView {
  public:
    // The last thing before the message is sent: finds out which view the attribute means, and makes one that
    // is to arrive in its secured form read-only.
    NTSTATUS prepare(CallScope& scope, wire::MessageAttributes* attributes);
    // What has not been sent can be written again.
    void finish(Channel& channel, bool sent) const;

  private:
    NTSTATUS secure(CallScope& scope, std::uint64_t number);
    std::uint64_t secured_ = 0;
};

// Maps a view, if one has been received at a port, and fills in where. When that fails the attribute is not
// valid, and the server is to be told as soon as everything else that came with the message has been taken.
bool map_received_view(Channel& channel, HANDLE port, UniqueFd memory, wire::MessageAttributes* received);
void give_up_view(Channel& channel, std::uint64_t number);

}  // namespace ntalpc::core
