// SPDX-License-Identifier: LGPL-2.1-or-later
// Client processes as the server knows them. A process exists while any of its threads has a channel.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/handle.h"
#include "server/quota.h"
#include "server/ref.h"

namespace ntalpc::server {

// What the process said about itself when it registered, and what the kernel says of its socket.
struct ProcessFacts {
    std::uint64_t id = 0;  // the id that its own world knows it by, and that appears in ClientId
    std::int64_t creation_time = 0;
    std::uint32_t session = 0;
    std::string image_path;
    std::vector<std::byte> user_sid;
    std::uint64_t token_id = 0;
    std::uint64_t authentication_id = 0;
    std::uint64_t modified_id = 0;
    std::uint32_t unix_process = 0;
    std::uint32_t unix_user = 0;
};

// Objects that outlive the process keep what it said about itself.
using SharedFacts = std::shared_ptr<const ProcessFacts>;

struct Cookie {
    std::uint64_t low = 0, high = 0;
    bool operator==(const Cookie&) const = default;
};

class Process final : public RefCounted, public Counted<Process> {
  public:
    Process(ProcessFacts facts, Cookie cookie, const QuotaLimits& limits)
        : facts_(std::make_shared<const ProcessFacts>(std::move(facts))),
          cookie_(cookie),
          account_(make_ref<QuotaAccount>(limits)) {}

    const ProcessFacts& facts() const { return *facts_; }
    const SharedFacts& shared_facts() const { return facts_; }
    const Cookie& cookie() const { return cookie_; }
    const Ref<QuotaAccount>& account() const { return account_; }

    // A handle can be named in requests only by a process that has presented its capability.
    void adopt(Handle& handle);
    void forget(Handle& handle) { adopted_.erase(handle.id()); }
    Handle* find(std::uint64_t id) const;

  private:
    ~Process() override;
    const SharedFacts facts_;
    const Cookie cookie_;
    const Ref<QuotaAccount> account_;
    std::unordered_map<std::uint64_t, Handle*> adopted_;
};

}  // namespace ntalpc::server
