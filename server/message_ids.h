// SPDX-License-Identifier: LGPL-2.1-or-later
// The numbers of live messages.
//
// Windows takes message ids from a handle-like table: multiples of 4, never 0, unique among live messages and
// reused later (alpc-semantics 3.4). A number just freed is not handed out again soon, so that a program's
// late use of it finds nothing rather than somebody else's message.
#pragma once

#include <cstdint>
#include <unordered_map>

namespace ntalpc::server {

class Message;

class MessageIds {
  public:
    std::uint32_t allocate(Message& message) {
        do {
            next_ = (next_ + 4) & kLargest;
        } while (next_ == 0 || !live_.emplace(next_, &message).second);
        return next_;
    }
    // For an id that was set apart and that nobody has.
    void adopt(std::uint32_t id, Message& message) { live_.emplace(id, &message); }
    void release(std::uint32_t id) { live_.erase(id); }
    Message* find(std::uint32_t id) const {
        const auto found = live_.find(id);
        return found == live_.end() ? nullptr : found->second;
    }

  private:
    // Above are messages of leases and resource reserves.
    static constexpr std::uint32_t kLargest = 0x3FFFFFFC;
    std::unordered_map<std::uint32_t, Message*> live_;
    std::uint32_t next_ = 0;
};

}  // namespace ntalpc::server
