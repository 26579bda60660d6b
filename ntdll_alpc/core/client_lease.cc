// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/client_lease.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>

#include "core/order_of_messages.h"
#include "core/server_process.h"
#include "ntalpc/ntlpcapi.h"

namespace ntalpc::core {

using lease::Found;
using lease::Name;
using lease::Owner;

namespace {

// As many slots as stand in one page are used in turn, and more only when they are all taken.
constexpr std::uint32_t kWarmSlots = lease::kPage / lease::kSlotSize;

// How long a send waits for room, in nanoseconds.
constexpr std::int64_t kPatience = 200'000;
// A server that is killed takes nothing back and wakes nobody, so a thread that waits looks whether it is
// there.
constexpr std::int64_t kServerCheck = 500'000'000;

}  // namespace

Deadline::Deadline(std::int64_t timeout) {
    if (timeout >= 0) when_ = Spinning::now() + std::min(timeout, std::int64_t{1} << 60);
}

std::int64_t Deadline::left() const {
    return when_ < 0 ? -1 : std::max<std::int64_t>(0, when_ - Spinning::now());
}

// Serials go on in each slot, and 0 is none.
std::uint32_t ClientLease::next_serial(std::uint32_t slot) const {
    const std::uint32_t next = lease::after(slots_[slot].serial);
    return next == 0 ? 1 : next;
}

bool ClientLease::is_free(const SlotState& state) const {
    if (state.use == Use::datagram) return memory_->steps().among(received_by_peer_, state.number);
    return state.use == Use::none;
}

// From `begin` to `end` in turn, and elsewhere when these are taken.
bool ClientLease::find_free(std::uint32_t first, std::uint32_t begin, std::uint32_t end,
                            std::uint32_t* slot) const {
    const std::uint32_t count = end - begin;
    for (std::uint32_t i = 0; i < count; ++i) {
        *slot = begin + (first + i) % count;
        if (is_free(slots_[*slot])) return true;
    }
    for (*slot = 0; *slot < lease::kSlots; ++*slot) {
        if (is_free(slots_[*slot])) return true;
    }
    return false;
}

// Conversations go round in one page, and large ones use the same slot again, which the caches still hold.
// Datagrams go round in all the others: a server may ask who has sent one some time after it has received it
// (server/port.cc, kMaxRememberedDatagrams).
bool ClientLease::find_free(const Outgoing& outgoing, std::uint32_t* slot) const {
    if (outgoing.datagram) return find_free(last_datagram_ - kWarmSlots + 1, kWarmSlots, lease::kSlots, slot);
    const bool large = outgoing.data.size() > lease::kSmall;
    return find_free(large ? last_slot_ : last_slot_ + 1, 0, kWarmSlots, slot);
}

// The count that says what has been received is the other side's, and dear to read while it changes.
bool ClientLease::choose_slot(const Outgoing& outgoing, std::uint32_t* slot) {
    if (find_free(outgoing, slot)) return true;
    received_by_peer_ = memory_->steps().received();
    return find_free(outgoing, slot);
}

// A receiver that is at work makes room soon, sooner than the server could take over; one that is not has had
// its chance.
bool ClientLease::wait_for_slot(std::unique_lock<std::mutex>& lock, const Outgoing& outgoing,
                                std::uint32_t* slot) {
    if (choose_slot(outgoing, slot)) return true;
    const std::int64_t end = Spinning::now() + kPatience;
    while (!choose_slot(outgoing, slot)) {
        const bool hope =
            std::ranges::any_of(slots_, [](const SlotState& state) { return state.use == Use::datagram; });
        if (!hope || Spinning::now() > end) return false;
        lock.unlock();
        sched_yield();
        lock.lock();
    }
    return true;
}

LeaseResult ClientLease::send(const Outgoing& outgoing, Sent* sent) {
    std::unique_lock lock(mutex_);
    auto steps = memory_->steps();
    std::uint32_t slot = 0, number = 0;
    if (!wait_for_slot(lock, outgoing, &slot)) return LeaseResult::taken_back;
    const std::uint32_t serial = next_serial(slot);
    if (!steps.begin(slot, serial, &number)) return LeaseResult::taken_back;
    // Not so old that it would seem to be ahead.
    if (lease::ahead(number, received_by_peer_) > lease::kSlots) received_by_peer_ = steps.received();
    lease::Envelope envelope;
    envelope.serial = serial;
    envelope.type = outgoing.datagram ? LPC_DATAGRAM : LPC_REQUEST;
    envelope.data_length = static_cast<std::uint16_t>(outgoing.data.size());
    envelope.total_length = outgoing.header.total_length;
    envelope.data_info_offset = outgoing.header.data_info_offset;
    envelope.awaited = outgoing.awaited;
    envelope.processor = Spinning::this_processor();
    envelope.thread_id = outgoing.thread_id;
    envelope.sent_at = Spinning::now();
    envelope.message_context = outgoing.context;
    slots_[slot].serial = serial;  // also when nothing comes of it: the server may have seen the number
    slots_[slot].use = Use::none;
    if (!memory_->write(slot, envelope, outgoing.data)) return LeaseResult::unreadable;
    order_before_send();
    if (!steps.publish(slot, number)) return LeaseResult::taken_back;
    slots_[slot] = {outgoing.datagram ? Use::datagram : Use::request, serial, number, outgoing.context};
    (outgoing.datagram ? last_datagram_ : last_slot_) = slot;
    ++sent_;
    *sent = {slot, serial, lease::message_id(memory_->number(), slot, serial), facts_.sent_sequence + sent_};
    // Nothing can be done about a bell that does not ring; it is never full.
    if (steps.sleeping(Owner::server, Name::sleeps)) {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(bell_.get(), &one, sizeof(one));
    }
    return LeaseResult::done;
}

// `look` says what there is; nothing means to wait on. Whoever changes `word` asks afterwards who sleeps.
template <class Look>
LeaseResult ClientLease::wait(host::CallGuard& guard, const Deadline& deadline, const lease::Word& word,
                              Name sleep, std::uint32_t index, const Look& look) {
    Found found = Found::nothing;
    const auto done = [&] { return (found = look()) != Found::nothing; };
    if (!spinning_.wait(done)) {
        memory_->steps().begin_sleep(Owner::client, sleep, index);
        for (;;) {
            const auto seen = static_cast<std::uint32_t>(word.load());
            if (done()) break;
            const std::int64_t left = deadline.left();
            if (left == 0) break;
            guard.wait_word_for(word, seen, left < 0 ? kServerCheck : std::min(left, kServerCheck));
            if (!server_is_there()) {
                found = Found::taken_back;
                break;
            }
        }
        memory_->steps().end_sleep(Owner::client, sleep, index);
    }
    switch (found) {
        case Found::nothing:
            return LeaseResult::timed_out;
        case Found::message:
            return LeaseResult::done;
        case Found::taken_back:
            return LeaseResult::taken_back;
        case Found::garbage:
            break;
    }
    return LeaseResult::garbage;
}

LeaseResult ClientLease::wait_for_answer(host::CallGuard& guard, const Sent& sent, const Deadline& deadline) {
    auto steps = memory_->steps();
    return wait(guard, deadline, memory_->others().answered[sent.slot], Name::awaits, sent.slot,
                [&] { return steps.answer_of(sent.slot, sent.serial); });
}

LeaseResult ClientLease::wait_for_any(host::CallGuard& guard, const Deadline& deadline) {
    auto steps = memory_->steps();
    return wait(guard, deadline, memory_->others().queued, Name::sleeps, 0, [&] {
        const std::lock_guard lock(mutex_);
        return steps.look_for_queued(looked_).found;
    });
}

LeaseResult ClientLease::take_answer(CallScope& scope, const Sent& sent,
                                     const wire::SendWaitReceive::Request& terms,
                                     wire::SendWaitReceive::Reply* reply, wire::Bytes* data) {
    return take(scope, sent.slot, sent.serial, false, terms, reply, data);
}

LeaseResult ClientLease::take_any(CallScope& scope, const wire::SendWaitReceive::Request& terms,
                                  wire::SendWaitReceive::Reply* reply, wire::Bytes* data) {
    auto steps = memory_->steps();
    std::unique_lock lock(mutex_);
    const auto look = steps.look_for_queued(looked_);
    if (look.found == Found::nothing) return LeaseResult::timed_out;
    if (look.found == Found::taken_back) return LeaseResult::taken_back;
    const std::uint32_t serial = look.found == Found::message ? slots_[look.slot].serial : 0;
    const bool expected = look.found == Found::message && slots_[look.slot].use == Use::request &&
                          steps.answer_of(look.slot, serial) == Found::message;
    if (!expected) return LeaseResult::garbage;
    lock.unlock();
    return take(scope, look.slot, serial, true, terms, reply, data);
}

// Another thread may be faster, and the slot be used again meanwhile: then what was read means nothing.
bool ClientLease::still_expects(std::uint32_t slot, std::uint32_t serial) const {
    return slots_[slot].use == Use::request && slots_[slot].serial == serial;
}

LeaseResult ClientLease::take(CallScope& scope, std::uint32_t slot, std::uint32_t serial, bool in_order,
                              const wire::SendWaitReceive::Request& terms,
                              wire::SendWaitReceive::Reply* reply, wire::Bytes* data) {
    LeasedMessage message;
    const bool sound = memory_->read(slot, LPC_REPLY, LPC_REPLY, &message) &&
                       memory_->knows_sender(scope, message.envelope.thread_id);
    const std::lock_guard lock(mutex_);
    if (!still_expects(slot, serial)) return LeaseResult::timed_out;
    if (!sound) return LeaseResult::garbage;
    spinning_.seen_on(message.envelope.processor);
    reply->receive_length = message.envelope.total_length;
    if (message.envelope.total_length > terms.receive_capacity) return LeaseResult::done;
    const bool in_place = message.envelope.data_length > lease::kSmall;
    *data = in_place ? memory_->data_of(message) : memory_->read_data(scope, message);
    if (!memory_->steps().finish(slot, serial, received_ + 1)) return LeaseResult::taken_back;
    order_after_receive();
    slots_[slot].use = in_place ? Use::read : Use::none;
    if (in_order) looked_ = lease::after(looked_);
    ++received_;
    const std::uint32_t id = lease::message_id(memory_->number(), slot, serial);
    reply->has_message = 1;
    reply->message = header_of(message, id, facts_.peer_process_id);
    reply->attributes.allocated = terms.receive_attributes.allocated;
    if (terms.receive_attributes.allocated & ALPC_MESSAGE_CONTEXT_ATTRIBUTE) {
        reply->attributes.valid = ALPC_MESSAGE_CONTEXT_ATTRIBUTE;
        reply->attributes.port_context = facts_.port_context;
        reply->attributes.message_context = slots_[slot].context;
        reply->attributes.sequence = facts_.client_sequence + received_;
        reply->attributes.message_id = reply->message.message_id;
        reply->attributes.callback_id = reply->message.callback_id;
    }
    return LeaseResult::done;
}

void ClientLease::done_with(std::uint32_t message_id) {
    const std::uint32_t slot = lease::slot_of(message_id);
    const std::lock_guard lock(mutex_);
    if (slots_[slot].use == Use::read &&
        message_id == lease::message_id(memory_->number(), slot, slots_[slot].serial))
        slots_[slot].use = Use::none;
}

}  // namespace ntalpc::core
