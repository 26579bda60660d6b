// SPDX-License-Identifier: LGPL-2.1-or-later
// Who sent the datagrams that a port has received lately: they end when they are received, yet may be asked
// about (alpc-semantics 10.3).
#pragma once

#include <cstdint>
#include <list>
#include <vector>

#include "server/message_security.h"
#include "server/process.h"

namespace ntalpc::server {

// Who sent a message.
struct MessageSender {
    std::uint64_t thread_id = 0;
    SharedFacts process;
    MessageSecurity security;
};

// Most come from the same thread as the one before, and a server has many ports: a sender is kept once.
class ReceivedDatagrams {
  public:
    // Forgets the oldest when there are more than `most`.
    void add(std::uint32_t id, const MessageSender& sender, std::size_t most);
    // Of the newest of that id; nullptr when it is not known.
    const MessageSender* sender_of(std::uint32_t id) const;

  private:
    struct Run {
        MessageSender sender;
        std::vector<std::uint32_t> ids;
    };
    std::list<Run> runs_;  // newest last, none empty
    std::size_t count_ = 0;
};

}  // namespace ntalpc::server
