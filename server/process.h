// SPDX-License-Identifier: LGPL-2.1-or-later
// Client processes as the server knows them. A process exists while any of its threads has a channel.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "server/client_token.h"
#include "server/handle.h"
#include "server/notes.h"
#include "server/quota.h"
#include "server/ref.h"
#include "server/view.h"

namespace ntalpc::server {

class Thread;

// What the process said about itself when it registered, and what the kernel says of its socket.
struct ProcessFacts {
    std::uint64_t id = 0;      // that appears in ClientId
    std::uint64_t own_id = 0;  // what it calls itself, if that is something else
    // The id that its own world knows it by.
    std::uint64_t id_in_world() const { return own_id != 0 ? own_id : id; }
    std::int64_t creation_time = 0;
    std::uint32_t session = 0;
    std::string image_path;
    std::uint64_t world = 0;  // who can open whose processes; 0: not a Windows program
    std::uint32_t unix_process = 0;
    std::uint32_t unix_user = 0;
    std::uint32_t path = 0;  // MessagePath
    bool believed = true;  // what it says of its tokens counts
};

// Objects that outlive the process keep what it said about itself.
using SharedFacts = std::shared_ptr<const ProcessFacts>;

struct Cookie {
    std::uint64_t low = 0, high = 0;
    bool operator==(const Cookie&) const = default;
};

class Process final : public RefCounted, public Counted<Process> {
  public:
    Process(ProcessFacts facts, security::Token token, Cookie cookie, Ref<QuotaAccount> account)
        : facts_(std::make_shared<const ProcessFacts>(std::move(facts))),
          cookie_(cookie),
          account_(std::move(account)),
          token_(make_ref<const ClientToken>(std::move(token))),
          views_(*this) {}

    const ProcessFacts& facts() const { return *facts_; }
    const SharedFacts& shared_facts() const { return facts_; }
    const Cookie& cookie() const { return cookie_; }
    const Ref<QuotaAccount>& account() const { return account_; }
    bool pay_for_itself(std::size_t bytes) {
        return charge_.charge(account_) && memory_.charge(account_, bytes);
    }

    // The primary token as it is now.
    const TokenRef& token() const { return token_; }
    void set_token(TokenRef token) { token_ = std::move(token); }
    // Handles of the process that it may close.
    const std::shared_ptr<ReleasedHandles>& released_handles() const { return released_handles_; }

    // A handle can be named in requests only by a process that has presented its capability.
    // False when it knows too many.
    bool adopt(Handle& handle);
    void forget(Handle& handle);
    Handle* find(std::uint64_t id) const;
    // nullptr when the process has presented none.
    const Handle* find_handle_to(const Object& object) const;

    // Those that have a channel.
    std::unordered_set<Thread*>& threads() { return threads_; }
    ProcessViews& views() { return views_; }
    // It serves others and is no client of its own (keeper.h).
    void become_keeper() { is_keeper_ = true; }
    bool is_keeper() const { return is_keeper_; }
    // What it is to learn about ports that it has associated with completion ports.
    NoteBox& notes() { return notes_; }

  private:
    ~Process() override;
    const SharedFacts facts_;
    const Cookie cookie_;
    const Ref<QuotaAccount> account_;
    ProcessCharge charge_;
    MessageCharge memory_;
    const std::shared_ptr<ReleasedHandles> released_handles_ = std::make_shared<ReleasedHandles>();
    TokenRef token_;
    bool is_keeper_ = false;
    std::unordered_map<std::uint64_t, Handle*> adopted_;
    std::unordered_set<Thread*> threads_;
    ProcessViews views_;
    NoteBox notes_;
};

}  // namespace ntalpc::server
