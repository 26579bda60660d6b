// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/server_lease.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "core/order_of_messages.h"
#include "ntalpc/ntlpcapi.h"

namespace ntalpc::core {

using lease::Found;

namespace {

void wake(const lease::Word& word) {
    syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace

std::int64_t ServerLease::first_at(std::int64_t now) const {
    const auto look = memory_->steps().look_for_message();
    if (look.found == Found::garbage) return 1;
    if (look.found == Found::taken_back) return kOver;
    if (look.found != Found::message) return 0;
    return std::clamp<std::int64_t>(memory_->others().slots[look.slot].envelope.sent_at, 1, now);
}

bool ServerLease::anything() const {
    const Found found = memory_->steps().look_for_message().found;
    return found == Found::message || found == Found::garbage;
}

bool ServerLease::over() const {
    return memory_->steps().look_for_message().found == Found::taken_back;
}

void ServerLease::go_to_sleep() {
    if (!std::exchange(asleep_, true))
        memory_->steps().begin_sleep(lease::Owner::server, lease::Name::sleeps);
}

void ServerLease::wake_up() {
    if (std::exchange(asleep_, false)) memory_->steps().end_sleep(lease::Owner::server, lease::Name::sleeps);
}

LeaseResult ServerLease::take(CallScope& scope, const wire::SendWaitReceive::Request& terms,
                              wire::SendWaitReceive::Reply* reply, wire::Bytes* data) {
    auto steps = memory_->steps();
    const auto look = steps.look_for_message();
    if (look.found == Found::nothing) return LeaseResult::timed_out;
    if (look.found == Found::taken_back) return LeaseResult::taken_back;
    // Another thread may receive the message meanwhile, and the client use its place again: then what was
    // read is neither garbage nor too long but nothing at all.
    const auto if_still_there = [&](LeaseResult result) {
        const auto again = steps.look_for_message();
        return again.found == look.found && again.number == look.number ? result : LeaseResult::timed_out;
    };
    LeasedMessage message;
    const bool sound = look.found == Found::message &&
                       memory_->read(look.slot, LPC_REQUEST, LPC_DATAGRAM, &message) &&
                       message.envelope.serial != 0 && message.envelope.serial <= lease::kNumbers &&
                       memory_->knows_sender(scope, message.envelope.thread_id);
    if (!sound) return if_still_there(LeaseResult::garbage);
    reply->receive_length = message.envelope.total_length;
    if (message.envelope.total_length > terms.receive_capacity) return if_still_there(LeaseResult::done);
    // The client uses the place of a datagram again as soon as it is taken, that of a request when it has the
    // answer.
    const bool in_place =
        message.envelope.type == LPC_REQUEST && message.envelope.data_length > lease::kSmall;
    *data = in_place ? memory_->data_of(message) : memory_->read_data(scope, message);
    const std::lock_guard lock(mutex_);
    if (!steps.take(look.number)) return LeaseResult::timed_out;
    order_after_receive();
    if (message.envelope.type == LPC_REQUEST)
        pending_[look.slot] = {message.envelope.serial, message.envelope.awaited != 0};
    ++received_;
    processor_.store(message.envelope.processor, std::memory_order_relaxed);
    describe(message, terms, reply);
    return LeaseResult::done;
}

void ServerLease::describe(const LeasedMessage& message, const wire::SendWaitReceive::Request& terms,
                           wire::SendWaitReceive::Reply* reply) {
    const std::uint32_t allocated = terms.receive_attributes.allocated;
    const std::uint32_t id = lease::message_id(memory_->number(), message.slot, message.envelope.serial);
    reply->has_message = 1;
    reply->message = header_of(message, id, facts_.peer_process_id);
    reply->attributes.allocated = allocated;
    if (allocated & ALPC_MESSAGE_CONTEXT_ATTRIBUTE) {
        reply->attributes.valid |= ALPC_MESSAGE_CONTEXT_ATTRIBUTE;
        reply->attributes.port_context = facts_.port_context;
        reply->attributes.sequence =
            static_cast<std::uint32_t>(memory_->own().received_before.load(std::memory_order_relaxed)) +
            received_;
    }
    if (allocated & ALPC_MESSAGE_TOKEN_ATTRIBUTE) {
        reply->attributes.valid |= ALPC_MESSAGE_TOKEN_ATTRIBUTE;
        reply->attributes.token_id = facts_.token_id;
        reply->attributes.authentication_id = facts_.authentication_id;
        reply->attributes.modified_id = facts_.modified_id;
    }
}

// Whoever gets here first answers.
bool ServerLease::begin_answer(const wire::PortMessage& header, std::uint32_t* slot, std::uint32_t* serial,
                               bool* awaited) {
    const std::lock_guard lock(mutex_);
    *slot = lease::slot_of(header.message_id);
    Pending& pending = pending_[*slot];
    const std::uint32_t id = lease::message_id(memory_->number(), *slot, pending.serial);
    if (pending.serial == 0 || id != header.message_id) return false;
    if (header.callback_id != 0 && header.callback_id != lease::callback_id(id)) return false;
    *serial = std::exchange(pending.serial, 0);
    *awaited = pending.awaited;
    return true;
}

LeaseResult ServerLease::answer(const wire::PortMessage& header, wire::Bytes data, std::uint64_t thread_id) {
    std::uint32_t slot = 0, serial = 0;
    bool awaited = false;
    if (header.total_length > facts_.max_message_length || !begin_answer(header, &slot, &serial, &awaited))
        return LeaseResult::taken_back;
    auto steps = memory_->steps();
    lease::Envelope envelope;
    envelope.serial = serial;
    envelope.type = LPC_REPLY;
    envelope.data_length = static_cast<std::uint16_t>(data.size());
    envelope.total_length = header.total_length;
    envelope.data_info_offset = header.data_info_offset;
    envelope.processor = Spinning::this_processor();
    envelope.thread_id = thread_id;
    if (!memory_->write(slot, envelope, data)) {
        const std::lock_guard lock(mutex_);
        pending_[slot] = {serial, awaited};
        return LeaseResult::unreadable;
    }
    order_before_send();
    if (!steps.answer(slot, serial)) return LeaseResult::taken_back;
    if (awaited) {
        if (steps.sleeping(lease::Owner::client, lease::Name::awaits, slot))
            wake(memory_->own().answered[slot]);
        return LeaseResult::done;
    }
    const std::lock_guard lock(mutex_);
    steps.queue(slot);
    if (steps.sleeping(lease::Owner::client, lease::Name::sleeps)) wake(memory_->own().queued);
    return LeaseResult::done;
}

}  // namespace ntalpc::core
