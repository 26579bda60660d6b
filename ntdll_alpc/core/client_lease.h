// SPDX-License-Identifier: LGPL-2.1-or-later
// The client's end of a lease.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>

#include "core/lease_memory.h"
#include "core/spinning.h"

namespace ntalpc::core {

// When a call gives up, on the monotonic clock in nanoseconds.
class Deadline {
  public:
    // `timeout` as on the wire: nanoseconds from now, -1 for none.
    explicit Deadline(std::int64_t timeout);
    bool limited() const { return when_ >= 0; }
    // What is left, as on the wire.
    std::int64_t left() const;

  private:
    std::int64_t when_ = -1;
};

enum class LeaseResult : std::uint8_t { done, taken_back, garbage, timed_out, unreadable };

class ClientLease {
  public:
    ClientLease(std::unique_ptr<LeaseMemory> memory, UniqueFd bell, const wire::TakeLease::Reply& facts)
        : memory_(std::move(memory)), bell_(std::move(bell)), facts_(facts) {}

    struct Sent {
        std::uint32_t slot = 0;
        std::uint32_t serial = 0;
        std::uint32_t id = 0;
        std::uint32_t sequence = 0;
    };
    struct Outgoing {
        const wire::PortMessage& header;
        wire::Bytes data;  // in the program's memory
        std::uint64_t thread_id;
        std::uint64_t context;
        bool datagram;
        bool awaited;
    };
    std::uint32_t number() const { return memory_->number(); }
    std::uint32_t max_message_length() const { return facts_.max_message_length; }

    // taken_back: this message goes by way of the server, either because all do or because there is no room.
    LeaseResult send(const Outgoing& outgoing, Sent* sent);
    // Waits until the message is answered or the lease taken back.
    LeaseResult wait_for_answer(host::CallGuard& guard, const Sent& sent, const Deadline& deadline);
    // Waits for answers that nobody waits for otherwise.
    LeaseResult wait_for_any(host::CallGuard& guard, const Deadline& deadline);

    // Receive into a reply that is as it was made. STATUS_BUFFER_TOO_SMALL leaves the answer where it is.
    // What is not small is not copied: the data stands in the lease until done_with().
    LeaseResult take_answer(CallScope& scope, const Sent& sent, const wire::SendWaitReceive::Request& terms,
                            wire::SendWaitReceive::Reply* reply, wire::Bytes* data);
    // Nothing there: timed_out.
    LeaseResult take_any(CallScope& scope, const wire::SendWaitReceive::Request& terms,
                         wire::SendWaitReceive::Reply* reply, wire::Bytes* data);

    void done_with(std::uint32_t message_id);

  private:
    enum class Use : std::uint8_t { none, request, datagram, read };
    struct SlotState {
        Use use = Use::none;
        std::uint32_t serial = 0;
        std::uint32_t number = 0;
        std::uint64_t context = 0;
    };
    // All with mutex_ held.
    bool is_free(const SlotState& state) const;
    bool find_free(std::uint32_t first, std::uint32_t begin, std::uint32_t end, std::uint32_t* slot) const;
    bool find_free(const Outgoing& outgoing, std::uint32_t* slot) const;
    bool choose_slot(const Outgoing& outgoing, std::uint32_t* slot);
    bool wait_for_slot(std::unique_lock<std::mutex>& lock, const Outgoing& outgoing, std::uint32_t* slot);
    std::uint32_t next_serial(std::uint32_t slot) const;
    LeaseResult take(CallScope& scope, std::uint32_t slot, std::uint32_t serial, bool in_order,
                     const wire::SendWaitReceive::Request& terms, wire::SendWaitReceive::Reply* reply,
                     wire::Bytes* data);
    // With mutex_ held.
    bool still_expects(std::uint32_t slot, std::uint32_t serial) const;
    template <class Look>
    LeaseResult wait(host::CallGuard& guard, const Deadline& deadline, const lease::Word& word,
                     lease::Name sleep, std::uint32_t index, const Look& look);

    const std::unique_ptr<LeaseMemory> memory_;
    const UniqueFd bell_;
    const wire::TakeLease::Reply facts_;
    Spinning spinning_;
    std::mutex mutex_;
    // Guarded by mutex_.
    std::array<SlotState, lease::kSlots> slots_;
    std::uint32_t last_slot_ = 0;  // of a conversation
    std::uint32_t last_datagram_ = lease::kSlots - 1;
    std::uint32_t sent_ = 0;
    std::uint32_t received_ = 0;
    std::uint32_t received_by_peer_ = 0;  // as far as this process has looked
    std::uint32_t looked_ = 0;            // how many of the answers that nobody waits for have been taken
};

}  // namespace ntalpc::core
