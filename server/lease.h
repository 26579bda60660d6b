// SPDX-License-Identifier: LGPL-2.1-or-later
// A lease: the memory by which the two processes of a connection pass messages without the server
// (ntalpc/lease_steps.h), until the server takes it back.
//
//   offered --the server process takes part--> open --the client takes part--> held --taken back--> gone
//
// The server reads that memory once, when it takes the lease back: what has been sent and not been received,
// what has been received and not been answered, and what has been answered becomes messages as if they had
// come through it. Whatever stands there was written by clients and is checked like anything else that they
// send.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "ntalpc/lease_memory.h"
#include "ntalpc/unique_fd.h"
#include "server/message.h"
#include "server/quota.h"

namespace ntalpc::server {

class Connection;
class Kernel;
class Lease;
class Thread;

// A region, mapped for writing.
class LeaseRegion {
  public:
    LeaseRegion() = default;
    LeaseRegion(LeaseRegion&& other) noexcept : region_(std::exchange(other.region_, nullptr)) {}
    LeaseRegion& operator=(LeaseRegion&& other) noexcept {
        std::swap(region_, other.region_);
        return *this;
    }
    ~LeaseRegion();
    // False when memory or descriptors have run out.
    bool make(UniqueFd* memory);
    lease::Region& operator*() const { return *region_; }

  private:
    lease::Region* region_ = nullptr;
};

// All there are, by their numbers.
class Leases {
  public:
    bool add(Lease& lease, std::uint32_t* number);
    void remove(std::uint32_t number) { all_.erase(number); }
    // How many more of a client's leases may wait for it to take part. Those take descriptors, and one that
    // says nothing keeps them.
    bool may_open(const ProcessFacts& client) const;
    void opened(const ProcessFacts& client) { ++open_[&client]; }
    void no_longer_open(const ProcessFacts& client);
    // Messages that outlive their lease have its number in their ids, which then is not given to another one.
    void message_left(std::uint32_t id) { ++left_[lease::lease_of(id)]; }
    void message_ended(std::uint32_t id);
    Lease* find(std::uint32_t number) const;
    // The one that a message id belongs to.
    Lease* find_by_message(std::uint32_t id) const;
    void take_back_all(const char* reason);
    // Takes back those that carry something of a thread, which has to be known still.
    void take_back_what_carries(const Thread& thread, const char* reason);
    // Takes back all of a process.
    void take_back_of(const Process& process, const char* reason);

  private:
    // Each takes descriptors until it is held, and address space.
    static constexpr std::size_t kMost = 16384;
    static constexpr std::size_t kMostOpen = 16;  // of one client
    std::map<std::uint32_t, Lease*> all_;
    std::map<std::uint32_t, std::size_t> left_;        // how many, by the number of the lease
    std::map<const ProcessFacts*, std::size_t> open_;  // how many
    std::uint32_t last_ = 0;
};

class Lease : public Counted<Lease> {
  public:
    enum class Stage : std::uint8_t { offered, open, held };

    // nullptr when there is not enough of something.
    static std::unique_ptr<Lease> make(Kernel& kernel, Connection& connection);
    ~Lease();

    std::uint32_t number() const { return number_; }
    Stage stage() const { return stage_; }
    Connection& connection() const { return connection_; }

    // The process of that side takes part now. The descriptors: its own memory, the other side's, and the
    // bell. STATUS_QUOTA_EXCEEDED, STATUS_INSUFFICIENT_RESOURCES.
    std::int32_t take_part(Side side, std::array<UniqueFd, 3>* descriptors);
    // What a message of that side says of its sender.
    MessageSecurity security_of(Side side) const;
    bool has_thread(Side side, std::uint64_t thread_id) const;

    // How many messages a side has sent by it, the server's as far as the client has received them. What they
    // say of it counts for nobody else.
    std::uint32_t sent_by(Side side) const;

    // Nothing passes any more, and those who wait by the lease look again. Makes messages of what is left;
    // false when it is garbage.
    bool end();

    bool involves(const Process& process) const;
    // Something that the thread has sent by it is under way.
    bool carries_anything_of(const Thread& thread) const;

  private:
    using Counts = lease::Steps<lease::MappedWords>::Counts;
    // What is left in a slot, copied.
    struct Left;
    Lease(Kernel& kernel, Connection& connection) : kernel_(kernel), connection_(connection) {}
    lease::Region& region(Side side) const { return *regions_[static_cast<std::size_t>(side)]; }
    lease::Steps<lease::MappedWords> steps() const;
    Thread* find_thread(Side side, std::uint64_t thread_id) const;
    void join(Side side, const SharedFacts& facts);
    void wake_sleepers();
    bool leave_messages(Counts counts);
    std::uint32_t place_of_answer(std::uint32_t slot) const;
    bool leave_message(Left& left);
    bool leave_answer(Message& message, std::uint32_t slot);
    bool find_left(const Counts& counts, std::uint32_t slot, std::vector<Left>* left);
    Ref<Message> adopt(std::uint32_t slot, std::uint32_t serial, const lease::Envelope& envelope);
    // False when it is garbage.
    bool read_step(Side from, std::uint32_t slot, const lease::Envelope& envelope, Message::Step* step) const;
    bool pay_for(Message& message, Side from, Message::Step step);
    std::int32_t make_memory();

    Kernel& kernel_;
    Connection& connection_;
    std::uint32_t number_ = 0;
    Stage stage_ = Stage::offered;
    std::array<LeaseRegion, 2> regions_;  // by the side that writes
    std::array<UniqueFd, 2> memory_;      // the same, until both sides have it
    UniqueFd bell_;
    DescriptorCharge descriptors_;  // these three
    MessageCharge pages_;           // what is touched of the regions when nothing is under way
    // Those at the two ends, and who they are.
    std::array<Ref<Process>, 2> processes_;
    std::array<TokenRef, 2> tokens_;
};

}  // namespace ntalpc::server
