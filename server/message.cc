// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/message.h"

#include "ntalpc/lease_memory.h"
#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "server/connection.h"
#include "server/kernel.h"
#include "server/log.h"
#include "server/port.h"
#include "server/trace_points.h"
#include "server/waits.h"

namespace ntalpc::server {

namespace {

// Memory that a message costs beyond its data: the object, its queue and table entries.
constexpr std::size_t kMessageOverhead = sizeof(Message) + 128;

}  // namespace

Message::Message(Kernel& kernel)
    : kernel_(kernel), id_(kernel.message_ids.allocate(*this)), callback_id_(kernel.next_callback_id()) {}

Message::Message(Kernel& kernel, std::uint32_t id, std::uint32_t callback_id)
    : kernel_(kernel), id_(id), callback_id_(callback_id) {}

Message::~Message() {
    if (state_ != State::ended) release_id();
}

void Message::release_id() {
    kernel_.message_ids.release(id_);
    if (lease::is_leased_id(id_)) kernel_.leases.message_ended(id_);
}

Ref<Message> Message::make(Kernel& kernel, Connection& connection) {
    Ref<Message> message(new Message(kernel));
    message->join(connection);
    return message;
}

Ref<Message> Message::adopt(Kernel& kernel, Connection& connection, std::uint32_t id,
                            std::uint32_t callback_id) {
    if (kernel.message_ids.find(id)) return {};
    Ref<Message> message(new Message(kernel, id, callback_id));
    kernel.message_ids.adopt(id, *message);
    kernel.leases.message_left(id);
    message->join(connection);
    return message;
}

void Message::join(Connection& connection) {
    live_place_ = connection.messages().insert(connection.messages().end(), Ref<Message>(this));
    connection_ = Ref<Connection>(&connection);
    connection_serial_ = connection.serial();
}

Ref<Message> Message::make_detached(Kernel& kernel) {
    return Ref<Message>(new Message(kernel));
}

Message::Step Message::time_step(Side from, std::uint16_t type, std::uint64_t process_id,
                                 std::uint64_t thread_id, std::int64_t time) {
    Step step;
    step.from = from;
    step.type = type;
    step.ends = true;
    step.process_id = process_id;
    step.thread_id = thread_id;
    const auto bytes = std::as_bytes(std::span(&time, 1));
    step.data.assign(bytes.begin(), bytes.end());
    step.total_length = static_cast<std::uint16_t>(sizeof(PORT_MESSAGE) + step.data.size());
    return step;
}

void Message::begin_callback() {
    outer_callback_ids_.push_back(callback_id_);
    callback_id_ = kernel_.next_callback_id();
}

void Message::end_callback() {
    callback_id_ = outer_callback_ids_.back();
    outer_callback_ids_.pop_back();
}

std::uint64_t Message::context_for_receiver() const {
    if (step_.type == LPC_CONNECTION_REQUEST) return 0;
    return connection_ ? connection_->port_context(receiver()) : port_context_;
}

std::int32_t Message::set_step(Step step, const Ref<QuotaAccount>& payer, const Ref<QuotaAccount>& pool) {
    MessageCharge pool_charge;
    if (pool && !pool_charge.charge(pool, step.total_length)) return STATUS_QUOTA_EXCEEDED;
    if (!payer_) payer_ = payer;
    const std::size_t callbacks = outer_callback_ids_.size() * sizeof(outer_callback_ids_[0]);
    if (!cost_.charge(payer_, kMessageOverhead + callbacks + step.data.size())) return STATUS_QUOTA_EXCEEDED;
    pool_charge_ = std::move(pool_charge);
    step_ = std::move(step);
    return STATUS_SUCCESS;
}

void Message::set_paid_step(Step step, MessageCost cost) {
    cost_ = std::move(cost);
    step_ = std::move(step);
}

bool Message::prepay(const Ref<QuotaAccount>& payer, MessageCost* cost) {
    return cost->charge(payer, kMessageOverhead + sizeof(std::int64_t));
}

void Message::deliver() {
    const Ref<Message> alive(this);
    log(LogLevel::messages, "%04llx sent message %x type %x, %zu bytes",
        static_cast<unsigned long long>(step_.sender ? step_.sender->id : 0), id_, step_.type,
        step_.data.size());
    NTALPC_TRACE(message_sent(*this, connection_ ? connection_->queue_port(receiver()) : nullptr));
    if (!connection_) return retire();
    if (step_.from == Side::client && step_.type == LPC_DATAGRAM && !step_.owed()) {
        connection_->datagram_begins();
        counted_ = true;
    }
    quiet_ = has_direct_event(receiver());
    hand_over(connection_->queue_port(receiver()));
    finish_direct_event(receiver());
}

void Message::set_direct_event(DirectEvent event) {
    event.message_taken();
    direct_events_[index(step_.from)] = std::move(event);
}

void Message::finish_direct_event(Side side) {
    DirectEvent& event = direct_events_[index(side)];
    if (!event) return;
    event.finish();
    if (Port* const port = connection_ ? connection_->queue_port(side) : nullptr) port->remember_direct(id_);
}

// A thread that waits for this very message comes first. What does not fit it waits in the queue for a
// receive with more room, like any other message too large for its receiver.
void Message::hand_over(Port* port) {
    ReplyWait* const waiting = waiter[index(receiver())];
    if (waiting && waiting->take(*this)) return;
    if (away_[index(receiver())]) {
        kept_ = true;
        state_ = State::queued;
    } else if (port) {
        port->enqueue(*this);
    } else {
        retire();
    }
}

wire::PortMessage Message::header_for_receiver() const {
    wire::PortMessage header;
    header.data_length = static_cast<std::uint16_t>(step_.data.size());
    header.total_length = step_.total_length;
    header.type = step_.type;
    // Types 5 and 12 never carry the bit (OpenVMM asserts it), nor do final steps without anything.
    if (step_.owed()) header.type |= LPC_CONTINUATION_REQUIRED;
    header.data_info_offset = step_.data_info_offset;
    header.message_id = id_;
    header.callback_id = callback_id_;
    header.process_id = step_.process_id;
    header.thread_id = step_.thread_id;
    return header;
}

// PythonForWindows' recordings: the receiver of a request sees the PortContext given at accept, a zero
// MessageContext and zero ids; TOKEN comes with what a client sends, and a connection request has no context
// yet.
wire::MessageAttributes Message::attributes_for_receiver(std::uint32_t allocated) {
    wire::MessageAttributes out;
    out.allocated = allocated;
    const Side side = receiver();
    // Also of what has ended but for what it carries: the context is one way to give it back
    // (NtAlpcCancelMessage).
    const bool own =
        message_context[index(side)] != 0 || step_.type == LPC_REPLY || (step_.ends && step_.owed());
    if (step_.type != LPC_CONNECTION_REQUEST) {
        const std::uint32_t sequence = connection_ ? connection_->next_sequence(side) : 0;
        if (allocated & ALPC_MESSAGE_CONTEXT_ATTRIBUTE) {
            out.valid |= ALPC_MESSAGE_CONTEXT_ATTRIBUTE;
            out.port_context = context_for_receiver();
            out.message_context = message_context[index(side)];
            out.sequence = sequence;
            if (own) {
                out.message_id = id_;
                out.callback_id = callback_id_;
            }
        }
    }
    step_.security.show(side == Side::server, &out);
    if ((allocated & ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE) && step_.work_ticket) {
        out.valid |= ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE;
        out.work_ticket = *step_.work_ticket;
    }
    if ((allocated & ALPC_MESSAGE_HANDLE_ATTRIBUTE) && !step_.objects.empty()) {
        const Port* const gate = connection_->handle_gate(side);
        out.valid |= ALPC_MESSAGE_HANDLE_ATTRIBUTE;
        out.handle_count = static_cast<std::uint32_t>(step_.objects.size());
        out.handle_by_index = step_.objects.size() > 1 || !gate ||
                              (gate->flags() & ALPC_PORFLG_ALLOW_MULTIHANDLE_ATTRIBUTE) != 0;
    }
    return out;
}

// Flags 0 and no section handle: PythonForWindows' recording. What cannot be afforded is not delivered, nor
// is what there is no room for (unknown on Windows); the latter then stays with the message.
const UniqueFd* Message::hand_out_view(Thread& thread, Port& port, wire::MessageAttributes* attributes) {
    if (!step_.view || !(attributes->allocated & ALPC_MESSAGE_VIEW_ATTRIBUTE)) return nullptr;
    const bool secured = step_.view.secured();
    const Ref<Region> region(&step_.view.region());
    // Who receives need not be who owns the port.
    if (!may_be_shared(region->memory(), *step_.sender, thread.process().facts())) return nullptr;
    const auto view = thread.process().views().open(port, std::move(step_.view));
    if (!view) return nullptr;
    received_views_[index(receiver())] = view;
    attributes->valid |= ALPC_MESSAGE_VIEW_ATTRIBUTE;
    attributes->view = view->id();
    attributes->view_flags = secured ? ALPC_VIEWFLG_SECURED_ACCESS : 0;
    attributes->view_size = region->size();
    attributes->view_offset = region->memory_offset();
    return secured ? &region->read_only_memory() : &region->memory();
}

void Message::unmap_received_view(Side side) {
    if (const auto view = received_views_[index(side)].lock()) view->revoke();
}

bool Message::come_back(Side side) {
    away_[index(side)] = false;
    return std::exchange(kept_, false);
}

void Message::received() {
    if (step_.owed()) {
        state_ = State::pending;
        owner_ = receiver();
    } else {
        retire();
    }
}

const PassedObjects* Message::objects_for(Side side) const {
    if (state_ == State::pending) return owner_ == side ? &step_.objects : nullptr;
    return state_ == State::canceled && receiver() == side ? &left_over_ : nullptr;
}

void Message::retire() {
    const Ref<Message> alive(this);
    if (queue_) queue_->remove(*this);
    if (state_ != State::ended) release_id();
    state_ = State::ended;
    for (const Side side : {Side::client, Side::server}) finish_direct_event(side);
    step_.view = RegionUse();
    if (connection_) leave();
}

void Message::leave() {
    if (std::exchange(counted_, false)) connection_->datagram_ends();
    connection_->messages().erase(live_place_);
    connection_.reset();
}

// What is delivered later needs no more of the connection than the receiver's context.
void Message::leave_connection(Side receiver) {
    if (!queue_) quiet_ = has_direct_event(receiver);
    for (const Side side : {Side::client, Side::server}) finish_direct_event(side);
    port_context_ = connection_->port_context(receiver);
    leave();
    step_.ends = true;
}

void Message::become_notice(Side receiver) {
    const Ref<Message> alive(this);
    const Ref<Connection> connection = connection_;
    NTALPC_TRACE(message_canceled(*this, peer_of(receiver)));
    leave_connection(receiver);
    if (state_ == State::pending && owner_ == receiver) left_over_ = std::move(step_.objects);
    step_.objects.clear();
    step_.from = peer_of(receiver);
    step_.type = LPC_CANCEL_MESSAGE;
    step_.total_length = sizeof(PORT_MESSAGE);
    step_.data_info_offset = 0;
    step_.data.clear();
    step_.data.shrink_to_fit();
    step_.view = RegionUse();
    step_.carries_view = false;
    state_ = State::canceled;
    Port* const port = connection->queue_port(receiver);
    if (queue_) {
        // It was queued right there and keeps its place; a receiver whose buffer was too small for the
        // message may take the notice.
        port->match();
    } else {
        hand_over(port);
    }
}

// A thread of the canceling side that waits for the answer learns that there is none any more (a fork's
// tests); one of the other side gets the notice as its answer.
void Message::cancel(Side by) {
    const Ref<Message> alive(this);
    if (ReplyWait* const wait = waiter[index(by)]) wait->disconnected(STATUS_MESSAGE_LOST);
    if (queue_ && receiver() == by) queue_->remove(*this);
    become_notice(peer_of(by));
}

void Message::abandoned_by(Side side) {
    waiter[index(side)] = nullptr;
    away_[index(side)] = false;
    if (std::exchange(kept_, false)) return retire();
    if (state_ != State::queued && state_ != State::pending) return;
    const Side peer = peer_of(side);
    const Port* const port = connection_->queue_port(peer);
    if (!port || !port->lpc()) {
        become_notice(peer);
    } else if (state_ == State::queued) {
        leave_connection(peer);
    } else {
        retire();
    }
}

void Message::connection_ended(Side gone, std::int32_t own_status, PendingMessages pending) {
    const Ref<Message> alive(this);
    const Side survivor = peer_of(gone);
    const Port* const port = connection_->queue_port(survivor);
    const bool lpc = port && port->lpc();
    if (kept_ && receiver() == survivor) return leave_connection(survivor);
    const bool survivor_waited = waiter[index(survivor)] != nullptr || away_[index(survivor)];
    if (ReplyWait* wait = waiter[index(survivor)]) wait->disconnected(connection_->lost_status(survivor));
    if (ReplyWait* wait = waiter[index(gone)]) wait->disconnected(own_status);
    if (state_ == State::queued && receiver() == survivor) {
        if (lpc) {
            leave_connection(survivor);
        } else {
            become_notice(survivor);
        }
        return;
    }
    if (state_ == State::pending && owner_ == survivor && pending == PendingMessages::keep) return;
    if (queue_) queue_->remove(*this);
    // Whoever asked and still hopes for an answer learns that there will be none. A waiting thread has been
    // told by its status, and the sender of a datagram expects nothing. Who still has something to give back
    // learns that it need not.
    const bool answered = step_.ends && !(state_ == State::pending && owner_ == survivor);
    const bool expects_answer = (state_ == State::pending || state_ == State::queued) && !answered;
    if (expects_answer && !survivor_waited && !lpc) {
        become_notice(survivor);
    } else {
        retire();
    }
}

void MessageQueue::push(Message& message) {
    message.queue_place_ = messages_.insert(messages_.end(), Ref<Message>(&message));
    message.queue_ = this;
    message.announced_ = false;
    message.queued_at_ = port_.watched() ? message.kernel_.now() : 0;
    if (message.noticed()) ++noticed_;
    if (message.state_ != Message::State::canceled) message.state_ = Message::State::queued;
    port_.readiness_changed();
}

Ref<Message> MessageQueue::pop() {
    Ref<Message> message = messages_.front();
    remove(*message);
    return message;
}

void MessageQueue::remove(Message& message) {
    const Ref<Message> alive(&message);
    messages_.erase(message.queue_place_);
    message.queue_ = nullptr;
    if (message.noticed()) --noticed_;
    port_.readiness_changed();
}

// New ones are at the end, behind all that have been announced.
std::size_t MessageQueue::announce() {
    std::size_t count = 0;
    for (auto at = messages_.rbegin(); at != messages_.rend() && !(*at)->announced_; ++at) {
        (*at)->announced_ = true;
        if ((*at)->noticed()) ++count;
    }
    return count;
}

void MessageQueue::forget_announcements() {
    for (const auto& message : messages_) message->announced_ = false;
}

}  // namespace ntalpc::server
