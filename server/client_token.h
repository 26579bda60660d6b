// SPDX-License-Identifier: LGPL-2.1-or-later
// Access tokens that clients have told of.
//
// A token never changes once it is here: a client whose token has changed presents it again. So whoever
// remembers a token (a connection with static tracking, a message, a security context) remembers it as it
// was. The client keeps a copy of it open as long as anybody here does, because under Wine a server that
// impersonates needs the real thing.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "server/quota.h"
#include "server/ref.h"
#include "server/security/token.h"

namespace ntalpc::server {

// Handles that a client process need not keep open any longer.
using ReleasedHandles = std::vector<std::uint64_t>;

class ClientToken final : public RefCounted, public Counted<ClientToken> {
  public:
    explicit ClientToken(security::Token facts) : facts_(std::move(facts)) {}
    // One that the client keeps open. When nothing refers to it any more, its handle is put on the list, if
    // the process still exists.
    ClientToken(security::Token facts, std::uint64_t handle, std::weak_ptr<ReleasedHandles> released,
                MessageCharge charge)
        : facts_(std::move(facts)),
          handle_(handle),
          released_(std::move(released)),
          charge_(std::move(charge)) {}

    const security::Token& facts() const { return facts_; }
    // The copy in the client process; 0 when there is only the process's primary token.
    std::uint64_t handle() const { return handle_; }

  private:
    ~ClientToken() override;

    const security::Token facts_;
    const std::uint64_t handle_ = 0;
    const std::weak_ptr<ReleasedHandles> released_;
    MessageCharge charge_;
};

using TokenRef = Ref<const ClientToken>;

}  // namespace ntalpc::server
