// SPDX-License-Identifier: LGPL-2.1-or-later
// What the parties of one conversation and the harness share: memory in which each party says how far it has
// come, so that this is known of a party that was killed as well.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ntalpc/ntbase.h"

namespace ntalpc::faults {

constexpr std::size_t kMostParties = 4;

enum class Ending : std::uint32_t {
    running,    // or killed
    complete,   // every call succeeded
    cut_short,  // a call ended with a status that the conversation lists for the end of another party
    wrong       // anything else
};

// A word to wait on: whether a party has come to the point that others wait for.
enum class Announcement : std::uint32_t { none, made, never };

struct PartyState {
    std::atomic<std::uint32_t> announcement;
    std::atomic<bool> has_ended;
    std::atomic<Ending> ending;
    std::atomic<NTSTATUS> status;         // of the last call
    std::atomic<const char*> call;        // a literal, at the same address in all processes
    std::atomic<std::uint32_t> critical;  // while every instruction counts
    std::atomic<std::uint32_t> calls;
    std::atomic<std::uint32_t> descriptors_before, descriptors_after;
};

class Stage {
  public:
    Stage();
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;
    ~Stage();

    // For another run; everybody who was on it has gone.
    void clear();
    // Lets the parties begin.
    void open();
    void wait_until_open();

    PartyState& party(std::size_t index) { return shared_->parties[index]; }
    void announce(std::size_t index) { set_announcement(index, Announcement::made); }
    // Wakes who waits for what it has not announced, or has and was killed before they could be woken.
    void party_ended(std::size_t index);
    // False when it will never come.
    bool wait_for(std::size_t index);

  private:
    void set_announcement(std::size_t index, Announcement what);

    struct Shared {
        std::atomic<std::uint32_t> is_open;
        std::array<PartyState, kMostParties> parties;
    };
    Shared* shared_;
};

}  // namespace ntalpc::faults
