// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/port.h"

#include <algorithm>
#include <vector>

#include "ntalpc/list_posts.h"
#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "server/completion_list.h"
#include "server/kernel.h"
#include "server/log.h"
#include "server/port_wait.h"
#include "server/reference_wait.h"
#include "server/trace_points.h"
#include "server/waits.h"

namespace ntalpc::server {

namespace {

// TotalLength has 16 bits; no message can be longer.
constexpr std::uint32_t kMaxTotalLength = 0xFFFF;
// How many requests that clients gave up after the server saw them are remembered per connection port, to
// answer their accept with STATUS_REQUEST_CANCELED rather than STATUS_INVALID_MESSAGE.
constexpr std::size_t kMaxCanceledRequests = 64;
// Datagrams end when they are received, yet Windows answers questions about their sender afterwards.
constexpr std::size_t kMaxRememberedDatagrams = 32;
// A completion list takes many at a time, and asks when it comes to them.
constexpr std::size_t kMaxRememberedDatagramsOfList = 2048;
constexpr std::uint32_t kReserveBit = 0x80000000;
constexpr std::size_t kReserveOverhead = 256;  // what a reserve, and later its message, cost beyond the data
constexpr std::size_t kMaxRememberedDirect = 32;

// Zero limits do not keep small messages from being sent (DownWithUp, LDOS, UA): they mean none. Nor does one
// that is far beyond what a whole process may have under way, as the all ones that nearly every program gives
// (NtCore, PFW, ALPCT, Sbie).
constexpr std::uint64_t kNoPoolLimit = 0xFFFFFFFF;

Ref<QuotaAccount> make_pool(const wire::PortAttributes& attributes) {
    if (!attributes.given || attributes.max_pool_usage == 0 || attributes.max_pool_usage >= kNoPoolLimit)
        return {};
    return make_ref<QuotaAccount>(
        QuotaLimits{.message_bytes = static_cast<std::size_t>(attributes.max_pool_usage)});
}

}  // namespace

// Generic mapping: read and write both include PORT_CONNECT (lpc-semantics 1.6).
const ObjectType kPortType = {"ALPC Port", 3, PORT_ALL_ACCESS, {0x20001, 0x10001, 0, PORT_ALL_ACCESS}};

Port::Port(Kernel& kernel, const Process& owner, const wire::PortAttributes& attributes)
    : kernel_(kernel),
      kind_(Kind::connection),
      serial_(kernel.next_port_serial()),
      place_(kernel.ports.insert(kernel.ports.end(), this)),
      owner_(owner.shared_facts()),
      owner_token_(owner.token()),
      attributes_(attributes),
      pool_(make_pool(attributes)) {}

Port::Port(Kernel& kernel, const Process& owner, const wire::PortAttributes& attributes,
           Connection& connection, Side side)
    : kernel_(kernel),
      kind_(side == Side::client ? Kind::client : Kind::server),
      serial_(kernel.next_port_serial()),
      place_(kernel.ports.insert(kernel.ports.end(), this)),
      owner_(owner.shared_facts()),
      owner_token_(owner.token()),
      attributes_(attributes),
      pool_(make_pool(attributes)),
      connection_(&connection) {
    NTALPC_TRACE(port_created(*this));
}

Port::~Port() {
    kernel_.ports.erase(place_);
}

// Without attributes, or with a limit of zero, a port takes what the header can express: clients that pass
// NULL send messages of any size that their server allows (DownWithUp).
std::uint32_t Port::max_message_length() const {
    if (!attributes_.given || attributes_.max_message_length == 0) return kMaxTotalLength;
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(attributes_.max_message_length, kMaxTotalLength));
}

std::int32_t Port::send(Thread& caller, const Outgoing& outgoing, Ref<Message>* sent) {
    if (outgoing.header.total_length > max_message_length()) return STATUS_PORT_MESSAGE_TOO_LONG;
    std::int32_t status;
    if (reserves_.contains(outgoing.header.message_id)) return send_from_reserve(caller, outgoing, sent);
    if (outgoing.header.message_id != 0) {
        status = send_reply(caller, outgoing, sent);
    } else if (kind_ == Kind::connection) {
        // It would not know to which client.
        status = STATUS_LPC_INVALID_CONNECTION_USAGE;
    } else {
        status = connection_->send(caller, side(), outgoing, sent);
    }
    if (status != STATUS_SUCCESS) return status;
    ++sequence_;
    if (outgoing.flags & ALPC_MSGFLG_TRACK_PORT_REFERENCES) count_reference();
    return STATUS_SUCCESS;
}

void Port::count_reference() {
    ++references_;
    auto at = reference_waits_.begin();
    while (at != reference_waits_.end()) {
        ReferenceWait* const wait = *at++;  // one that is done leaves the list
        if (references_ >= wait->count()) wait->finish(STATUS_SUCCESS);
    }
}

void Port::finish_reference_waits(std::int32_t status) {
    while (!reference_waits_.empty()) reference_waits_.front()->finish(status);
}

// A message sent from a reserve is a new one. The memory set aside is given up for it and taken back
// afterwards, as far as there is any left by then.
std::int32_t Port::send_from_reserve(Thread& caller, const Outgoing& outgoing, Ref<Message>* sent) {
    Reserve& reserve = reserves_.at(outgoing.header.message_id);
    if (outgoing.data.size() > reserve.size) return STATUS_INVALID_PARAMETER;
    reserve.charge = MessageCharge();
    wire::PortMessage header = outgoing.header;
    header.message_id = 0;
    const auto status = send(caller,
                             {header,
                              outgoing.data,
                              outgoing.attributes,
                              outgoing.flags,
                              {},
                              outgoing.direct_event,
                              outgoing.view},
                             sent);
    reserve.charge.charge(caller.process().account(), kReserveOverhead + reserve.size);
    return status;
}

// A reply may go through the connection port or either communication port of the message's connection.
std::int32_t Port::send_reply(Thread& caller, const Outgoing& outgoing, Ref<Message>* sent) {
    Message* const message = kernel_.message_ids.find(outgoing.header.message_id);
    if (!message) return STATUS_INVALID_MESSAGE;
    if (message->state() == Message::State::canceled) {
        return find_notice(message->id()) ? STATUS_REQUEST_CANCELED : STATUS_INVALID_MESSAGE;
    }
    Connection* const connection = message->connection();
    if (!connection || (connection_ ? connection != connection_.get() : connection->listener() != this)) {
        return STATUS_INVALID_MESSAGE;
    }
    const Ref<Message> replied(message);
    const auto status = connection->reply(caller, side(), *message, outgoing);
    if (status == STATUS_SUCCESS) *sent = replied;
    return status;
}

std::int32_t Port::send_to_self(Thread& caller, const Outgoing& outgoing) {
    if (outgoing.header.total_length > max_message_length()) return STATUS_PORT_MESSAGE_TOO_LONG;
    Ref<Message> message = Message::make_detached(kernel_);
    Message::Step step;
    step.type = LPC_DATAGRAM;
    step.ends = true;
    step.total_length = outgoing.header.total_length;
    step.process_id = caller.process().facts().id;
    step.thread_id = caller.id();
    step.sender = caller.process().shared_facts();
    step.security.token = caller.token();
    step.data.assign(outgoing.data.begin(), outgoing.data.end());
    const auto status = message->set_step(std::move(step), caller.process().account());
    if (status == STATUS_SUCCESS) enqueue(*message);
    return status;
}

Message* Port::find_conversation(std::uint32_t message_id) const {
    Message* const message = kernel_.message_ids.find(message_id);
    Connection* const connection = message ? message->connection() : nullptr;
    const bool mine =
        connection && (connection_ ? connection == connection_.get() : connection->listener() == this);
    return mine ? message : nullptr;
}

const Message* Port::find_notice(std::uint32_t message_id) const {
    const Message* const message = kernel_.message_ids.find(message_id);
    if (!message || message->state() != Message::State::canceled) return nullptr;
    const bool mine =
        connection_ ? connection_->serial() == message->connection_serial() : queue_.holds(*message);
    return mine ? message : nullptr;
}

void Port::notify_client_died(const Thread& thread, MessageCost paid) {
    if (connection_) {
        connection_->notify_client_died(thread, side(), std::move(paid));
        return;
    }
    // Registered on the connection port itself: it lands there, from nobody in particular.
    Ref<Message> message = Message::make_detached(kernel_);
    message->set_paid_step(Message::time_step(Side::client, LPC_CLIENT_DIED, thread.process().facts().id,
                                              thread.id(), thread.creation_time()),
                           std::move(paid));
    enqueue(*message);
}

Ref<Message> Port::take_front() {
    Ref<Message> message = queue_.pop();
    if (message->step().type == LPC_DATAGRAM) remember_datagram(*message);
    return message;
}

// A client that has a lease looks there only.
void Port::enqueue(Message& message) {
    if (kind_ == Kind::client && connection_) connection_->take_back_lease("a message came by the server");
    queue_.push(message);
    match();
    wake_watchers();
}

void Port::match() {
    hand_out();
    announce_queued();
}

// What a waiting thread took at once is nothing to come back for, and what goes to the completion list is
// announced when it is there.
void Port::announce_queued() {
    if (!association_ || !for_receivers()) return;
    if (const std::size_t fresh = queue_.announce(); fresh != 0) association_->note(fresh);
}

void Port::hand_out() {
    while (!queue_.empty()) {
        if (!for_receivers()) return list_->serve();
        if (receivers_.empty()) return;
        ReceiveWait* const receiver = receivers_.front();
        if (receiver->terms().only_connection_requests &&
            queue_.front().step().type != LPC_CONNECTION_REQUEST) {
            // NtListenPort consumes and drops everything else (lpc-semantics 5).
            queue_.pop()->received();
            continue;
        }
        // Leaves the list of receivers when it goes out of scope.
        const std::unique_ptr<Wait> self = receiver->thread().unpark();
        if (queue_.front().step().total_length > receiver->terms().capacity) {
            reply_too_small(receiver->thread(), receiver->terms(), queue_.front());
        } else {
            reply_with_message(receiver->thread(), receiver->terms(), *take_front());
        }
    }
}

std::int32_t Port::receive_status() const {
    if (kind_ == Kind::connection) return stopped_ ? STATUS_PORT_DISCONNECTED : STATUS_SUCCESS;
    return connection_->receive_status();
}

void Port::finish_receivers(std::int32_t status) {
    while (!receivers_.empty()) receivers_.front()->finish(status);
    finish_reference_waits(status);
    announce_end();
    wake_watchers();
}

// A thread that waits at the completion port has no other way to learn of the end than a receive.
void Port::announce_end() {
    readiness_changed();
    if (association_) association_->note(1);
}

void Port::set_completion_list(std::unique_ptr<CompletionList> list) {
    // What it was is destroyed when the port has none any more.
    std::swap(list_, list);
    if (list_) drop_leases("it has a completion list");
    readiness_changed();
}

// One packet per message, as without a list: a consumer need not know that it could take more than one for
// each. But none while as many threads are at work as may be (alpc-semantics 15.4, inferred from names).
void Port::list_published(std::uint32_t count, bool workers_wanted) {
    if (association_ && workers_wanted) association_->note(count);
    readiness_changed();
    wake_watchers();
}

bool Port::for_receivers() const {
    return !queue_.empty() && !(list_ && list_->claims_front());
}

bool Port::drained() const {
    return queue_.empty() && !(list_ && list_->in_flight());
}

bool Port::ready() const {
    return queue_.noticed() != 0 || closed_ || receive_status() != STATUS_SUCCESS;
}

bool Port::worth_a_receive() const {
    return ready() || (list_ && list_->may_have_messages());
}

void Port::readiness_changed() {
    event_.show(worth_a_receive());
    if (watched()) watch_.show(waiting_since());
}

bool Port::signalled(std::uint64_t list_posts) const {
    if (!(flags() & ALPC_PORFLG_WAITABLE_PORT)) return false;
    if (list_ && list_posts != 0 && (list_posts == kListHasMessages || list_->more_than(list_posts - 1)))
        return true;
    return ready();
}

std::int32_t Port::associate(Process& process, std::uint64_t cookie) {
    if (association_ && association_->in_force()) return STATUS_PORT_ALREADY_SET;
    forbid_leases("it belongs to a completion port");
    if (const auto status = process.notes().add(process.account(), cookie, &association_)) return status;
    queue_.forget_announcements();
    announce_queued();
    if (list_ && list_->posts() != 0) association_->note(1);  // some may still be in there
    if (receive_status() != STATUS_SUCCESS) announce_end();
    return STATUS_SUCCESS;
}

void Port::forget_association() {
    if (const Ref<Association> last = std::move(association_)) last->port_ended();
}

std::int32_t Port::event(const Ref<QuotaAccount>& payer, UniqueFd* descriptor) {
    forbid_leases("its event is used");
    return event_.open(payer, worth_a_receive(), descriptor);
}

void Port::wake_watchers() {
    auto at = watchers_.begin();
    while (at != watchers_.end()) {
        // One that is done leaves the list, with all its places in it.
        at = (*at)->finish_if_satisfied() ? watchers_.begin() : std::next(at);
    }
}

bool Port::find_sender(std::uint32_t message_id, std::uint32_t callback_id, MessageSender* sender) const {
    const Message* const message = find_conversation(message_id);
    if (message && message->state() == Message::State::pending && message->owner() == side() &&
        (callback_id == 0 || callback_id == message->callback_id())) {
        *sender = {message->step().thread_id, message->step().sender, message->step().security};
        return true;
    }
    const MessageSender* const known = datagrams_.sender_of(message_id);
    if (known) *sender = *known;
    return known != nullptr;
}

const PassedObjects* Port::find_objects(std::uint32_t message_id, std::uint32_t callback_id) const {
    const Message* message = find_conversation(message_id);
    if (!message) message = find_notice(message_id);
    if (!message || (callback_id != 0 && callback_id != message->callback_id())) return nullptr;
    return message->objects_for(side());
}

void Port::remember_datagram(const Message& message) {
    const Message::Step& step = message.step();
    datagrams_.add(message.id(), {step.thread_id, step.sender, step.security},
                   list_ ? kMaxRememberedDatagramsOfList : kMaxRememberedDatagrams);
}

std::int32_t Port::direct_status(std::uint32_t message_id) const {
    const Message* const message = find_conversation(message_id);
    if (message && message->has_direct_event(side())) return STATUS_PENDING;
    // What a server sends through either of its ports is remembered by the connection port, where answers go.
    const Port* const keeper = kind_ == Kind::server ? connection_->listener() : this;
    if (!keeper) return STATUS_INVALID_MESSAGE;
    const auto& processed = keeper->processed_direct_;
    const bool known = std::find(processed.begin(), processed.end(), message_id) != processed.end();
    return known ? STATUS_SUCCESS : STATUS_INVALID_MESSAGE;
}

void Port::remember_direct(std::uint32_t message_id) {
    processed_direct_.push_back(message_id);
    if (processed_direct_.size() > kMaxRememberedDirect) processed_direct_.pop_front();
}

std::int32_t Port::create_reserve(const Ref<QuotaAccount>& payer, std::size_t size, std::uint32_t* id) {
    MessageCharge charge, pool_charge;
    if (!charge.charge(payer, kReserveOverhead + size)) return STATUS_QUOTA_EXCEEDED;
    if (pool_ && !pool_charge.charge(pool_, sizeof(PORT_MESSAGE) + size)) return STATUS_QUOTA_EXCEEDED;
    last_reserve_ = (last_reserve_ + 1) & ~kReserveBit;
    *id = kReserveBit | last_reserve_;
    reserves_.insert_or_assign(*id, Reserve{size, std::move(charge), std::move(pool_charge)});
    return STATUS_SUCCESS;
}

bool Port::delete_reserve(std::uint32_t id) {
    return reserves_.erase(id) != 0;
}

void Port::remember_canceled_request(std::uint32_t id) {
    canceled_requests_.push_back(id);
    if (canceled_requests_.size() > kMaxCanceledRequests) canceled_requests_.pop_front();
}

bool Port::forget_canceled_request(std::uint32_t id) {
    const auto found = std::find(canceled_requests_.begin(), canceled_requests_.end(), id);
    if (found == canceled_requests_.end()) return false;
    canceled_requests_.erase(found);
    return true;
}

std::int32_t Port::disconnect(PendingMessages pending) {
    if (kind_ == Kind::connection) {
        if (stopped_) return STATUS_PORT_DISCONNECTED;
        stopped_ = true;
        close_listener(STATUS_PORT_DISCONNECTED, pending);
        return STATUS_SUCCESS;
    }
    const auto state = connection_->state();
    if (state != Connection::State::pending && state != Connection::State::accepted)
        return STATUS_PORT_DISCONNECTED;
    connection_->end(side(), STATUS_PORT_DISCONNECTED, pending);
    return STATUS_SUCCESS;
}

void Port::close_listener(std::int32_t receiver_status, PendingMessages pending) {
    finish_receivers(receiver_status);
    const std::vector<Ref<Connection>> all(connections_.begin(), connections_.end());
    for (const auto& connection : all) connection->listener_closed(pending);
    while (!queue_.empty()) queue_.front().retire();
}

void Port::last_handle_closed() {
    NTALPC_TRACE(port_closed(*this));
    closed_ = true;
    forget_association();
    if (list_) list_->end();
    sections_.clear();
    const auto views = std::exchange(views_, {});
    for (View* const view : views) view->revoke();
    if (kind_ == Kind::connection) {
        close_listener(STATUS_PORT_CLOSED, PendingMessages::cancel);
        return;
    }
    finish_receivers(STATUS_PORT_CLOSED);
    connection_->port_closed(*this);
    while (!queue_.empty()) queue_.front().retire();
}

}  // namespace ntalpc::server
