// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/port.h"

#include <algorithm>
#include <vector>

#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "server/kernel.h"
#include "server/log.h"
#include "server/waits.h"

namespace ntalpc::server {

namespace {

// TotalLength has 16 bits; no message can be longer.
constexpr std::uint32_t kMaxTotalLength = 0xFFFF;
// How many requests that clients gave up after the server saw them are remembered per connection port, to
// answer their accept with STATUS_REQUEST_CANCELED rather than STATUS_INVALID_MESSAGE.
constexpr std::size_t kMaxCanceledRequests = 64;

}  // namespace

// Generic mapping: read and write both include PORT_CONNECT (lpc-semantics 1.6).
const ObjectType kPortType = {"ALPC Port", 3, PORT_ALL_ACCESS, {0x20001, 0x10001, 0, PORT_ALL_ACCESS}};

Port::Port(Kernel& kernel, const Process& owner, const wire::PortAttributes& attributes)
    : kernel_(kernel), kind_(Kind::connection), owner_(owner.facts()), attributes_(attributes) {}

Port::Port(Kernel& kernel, const Process& owner, const wire::PortAttributes& attributes,
           Connection& connection, Side side)
    : kernel_(kernel),
      kind_(side == Side::client ? Kind::client : Kind::server),
      owner_(owner.facts()),
      attributes_(attributes),
      connection_(&connection) {}

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
    log(LogLevel::messages, "%04llx:%04llx sent message %x type %x, %zu bytes",
        static_cast<unsigned long long>(caller.process().facts().id),
        static_cast<unsigned long long>(caller.id()), (*sent)->id(), (*sent)->step().type,
        outgoing.data.size());
    return STATUS_SUCCESS;
}

// A reply may go through the connection port or either communication port of the message's connection.
std::int32_t Port::send_reply(Thread& caller, const Outgoing& outgoing, Ref<Message>* sent) {
    Message* const message = kernel_.message_ids.find(outgoing.header.message_id);
    if (!message) return STATUS_INVALID_MESSAGE;
    if (message->state() == Message::State::canceled) {
        const bool mine =
            connection_ ? connection_->serial() == message->connection_serial() : queue_.holds(*message);
        return mine ? STATUS_REQUEST_CANCELED : STATUS_INVALID_MESSAGE;
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

void Port::enqueue(Message& message) {
    queue_.push(message);
    match();
}

void Port::match() {
    while (!queue_.empty() && !receivers_.empty()) {
        ReceiveWait* const receiver = receivers_.front();
        // Leaves the list of receivers when it goes out of scope.
        const std::unique_ptr<Wait> self = receiver->thread().unpark();
        if (queue_.front().step().total_length > receiver->terms().capacity) {
            reply_too_small(receiver->thread(), receiver->terms(), queue_.front());
        } else {
            reply_with_message(receiver->thread(), receiver->terms(), *queue_.pop());
        }
    }
}

std::int32_t Port::receive_status() const {
    if (kind_ == Kind::connection) return stopped_ ? STATUS_PORT_DISCONNECTED : STATUS_SUCCESS;
    return connection_->receive_status();
}

void Port::finish_receivers(std::int32_t status) {
    while (!receivers_.empty()) receivers_.front()->finish(status);
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

std::int32_t Port::disconnect() {
    if (kind_ == Kind::connection) {
        if (stopped_) return STATUS_PORT_DISCONNECTED;
        stopped_ = true;
        close_listener(STATUS_PORT_DISCONNECTED);
        return STATUS_SUCCESS;
    }
    const auto state = connection_->state();
    if (state != Connection::State::pending && state != Connection::State::accepted)
        return STATUS_PORT_DISCONNECTED;
    connection_->end(side(), STATUS_PORT_DISCONNECTED);
    return STATUS_SUCCESS;
}

void Port::close_listener(std::int32_t receiver_status) {
    finish_receivers(receiver_status);
    const std::vector<Ref<Connection>> all(connections_.begin(), connections_.end());
    for (const auto& connection : all) connection->listener_closed();
    while (!queue_.empty()) queue_.front().retire();
}

void Port::last_handle_closed() {
    closed_ = true;
    if (kind_ == Kind::connection) {
        close_listener(STATUS_PORT_CLOSED);
        return;
    }
    finish_receivers(STATUS_PORT_CLOSED);
    connection_->port_closed(side());
    while (!queue_.empty()) queue_.front().retire();
}

}  // namespace ntalpc::server
