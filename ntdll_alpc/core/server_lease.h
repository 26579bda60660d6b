// SPDX-License-Identifier: LGPL-2.1-or-later
// The server process's end of a lease.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "core/client_lease.h"
#include "core/lease_memory.h"

namespace ntalpc::core {

class ServerLease {
  public:
    ServerLease(std::unique_ptr<LeaseMemory> memory, UniqueFd bell, const wire::TakeLease::Reply& facts)
        : memory_(std::move(memory)), bell_(std::move(bell)), facts_(facts) {}

    std::uint32_t number() const { return memory_->number(); }
    int bell() const { return bell_.get(); }
    // Where the client was when it sent what was received last.
    std::uint32_t processor() const { return processor_.load(std::memory_order_relaxed); }

    // When the first message that has not been received was sent; 0: there is none, kOver: there will be
    // none. What the client claims is bounded by the present. Garbage counts as a message.
    static constexpr std::int64_t kOver = -1;
    std::int64_t first_at(std::int64_t now) const;
    // Cheaper: whether there is anything to look at.
    bool anything() const;
    // Nothing comes by it any more.
    bool over() const;

    // From now on the client rings the bell. To be followed by a look.
    void go_to_sleep();
    void wake_up();

    // Receives the first message into a reply that is as it was made. Nothing there: timed_out. One that does
    // not fit stays, and reply->has_message is 0.
    LeaseResult take(CallScope& scope, const wire::SendWaitReceive::Request& terms,
                     wire::SendWaitReceive::Reply* reply, wire::Bytes* data);
    // Answers a request. taken_back: by way of the server.
    LeaseResult answer(const wire::PortMessage& header, wire::Bytes data, std::uint64_t thread_id);

  private:
    bool begin_answer(const wire::PortMessage& header, std::uint32_t* slot, std::uint32_t* serial,
                      bool* awaited);
    void describe(const LeasedMessage& message, const wire::SendWaitReceive::Request& terms,
                  wire::SendWaitReceive::Reply* reply);

    struct Pending {
        std::uint32_t serial = 0;  // 0: nothing to answer
        bool awaited = false;
    };
    const std::unique_ptr<LeaseMemory> memory_;
    const UniqueFd bell_;
    const wire::TakeLease::Reply facts_;
    std::mutex mutex_;
    std::atomic<std::uint32_t> processor_{0xFFFFFFFF};
    bool asleep_ = false;                         // guarded by the port's lock
    std::array<Pending, lease::kSlots> pending_;  // guarded by mutex_
    std::uint32_t received_ = 0;                  // guarded by mutex_
};

}  // namespace ntalpc::core
