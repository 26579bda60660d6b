// SPDX-License-Identifier: LGPL-2.1-or-later
// Ports of this process, for a replay: the calls with the arguments that it needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "alpctrace/native_calls.h"
#include "generated/protocol.h"
#include "ntalpc/ntlpcapi.h"

namespace ntalpc {

// What came in.
struct LiveMessage {
    std::uint32_t type = 0;
    std::uint32_t id = 0, callback = 0;
    std::uint64_t context = 0;  // PortContext: which connection of a server
    std::vector<std::byte> data;
};

class ReplayPorts {
  public:
    std::int32_t create(const std::string& name, std::uint32_t flags, HANDLE* port) const;
    // `data` becomes what the server answers with.
    std::int32_t connect(const std::string& name, std::vector<std::byte>* data, HANDLE* port) const;
    std::int32_t decide(HANDLE listener, const LiveMessage& request, bool accept, std::uint64_t context,
                        wire::Bytes data, HANDLE* port) const;
    // `id` is what the message answers, or 0; it becomes that of the message.
    std::int32_t send(HANDLE port, std::uint32_t type, wire::Bytes data, std::uint32_t callback,
                      std::uint32_t* id) const;
    // STATUS_TIMEOUT after so many milliseconds.
    std::int32_t receive(HANDLE port, int limit, LiveMessage* message) const;
    std::int32_t cancel(HANDLE port, std::uint32_t id) const;
    void close(HANDLE port) const { call_.close(port); }

  private:
    NativeCalls call_;
};

}  // namespace ntalpc
