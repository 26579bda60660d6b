// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/waits.h"

#include <array>

#include "ntalpc/message_path.h"
#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "server/log.h"
#include "server/trace_points.h"

namespace ntalpc::server {

namespace {

// Legacy receivers compare the type with its bare value (Wine's tests, phnt, Sandboxie).
void reply_with_lpc_message(Thread& thread, Message& message) {
    wire::LpcMessage::Reply reply;
    reply.has_message = 1;
    reply.message = message.header_for_receiver();
    reply.message.type &= 0xFF;
    if (message.step().type == LPC_CONNECTION_REQUEST) {
        reply.message.callback_id = 0;
        reply.message.client_view_size = message.connection()->client_view.size;
    }
    reply.port_context = message.context_for_receiver();
    thread.reply<wire::LpcMessage>(STATUS_SUCCESS, reply, {.data = message.step().data});
}

void reply_with_alpc_message(Thread& thread, const ReceiveTerms& terms, Message& message) {
    wire::SendWaitReceive::Reply reply;
    reply.has_message = 1;
    reply.message = message.header_for_receiver();
    reply.receive_length = reply.message.total_length;
    reply.attributes = message.attributes_for_receiver(terms.allocated);
    reply.sent_attributes = terms.sent;
    if (const auto connection = Ref<Connection>(message.connection()))
        reply.lease = connection->offer_lease(peer_of(message.step().from));
    const UniqueFd* const memory = message.hand_out_view(thread, *terms.port, &reply.attributes);
    hand_over_objects(thread, message, reply.attributes);
    thread.reply<wire::SendWaitReceive>(STATUS_SUCCESS, reply, {.data = message.step().data},
                                        std::span(memory, memory ? 1 : 0));
}

}  // namespace

bool hand_over_objects(Thread& thread, const Message& message, const wire::MessageAttributes& attributes) {
    if (!(attributes.valid & ALPC_MESSAGE_HANDLE_ATTRIBUTE) || attributes.handle_by_index) return false;
    thread.take_in_hand(message.id(), 0, message.step().objects.front());
    return true;
}

void reply_with_message(Thread& thread, const ReceiveTerms& terms, Message& message) {
    const Ref<Message> alive(&message);
    log(LogLevel::messages, "%04llx:%04llx received message %x type %x, %zu bytes",
        static_cast<unsigned long long>(thread.process().facts().id),
        static_cast<unsigned long long>(thread.id()), message.id(), message.step().type,
        message.step().data.size());
    NTALPC_TRACE(message_received(message, thread));
    if (terms.lpc) {
        reply_with_lpc_message(thread, message);
    } else {
        reply_with_alpc_message(thread, terms, message);
    }
    message.received();
}

void reply_too_small(Thread& thread, const ReceiveTerms& terms, const Message& message) {
    wire::SendWaitReceive::Reply reply;
    reply.receive_length = message.step().total_length;
    reply.sent_attributes = terms.sent;
    thread.reply<wire::SendWaitReceive>(STATUS_BUFFER_TOO_SMALL, reply);
}

void reply_without_message(Thread& thread, const ReceiveTerms& terms, std::int32_t status,
                           std::uint32_t lease) {
    if (terms.lpc) return thread.reply(status);
    wire::SendWaitReceive::Reply reply;
    reply.lease = lease;
    reply.sent_attributes = terms.sent;
    thread.reply<wire::SendWaitReceive>(status, reply);
}

ReceiveWait::ReceiveWait(Thread& thread, Port& port, const ReceiveTerms& terms)
    : Wait(thread), port_(&port), terms_(terms) {
    place_ = port.receivers().insert(port.receivers().end(), this);
}

ReceiveWait::~ReceiveWait() {
    port_->receivers().erase(place_);
}

void ReceiveWait::look_at_leases() {
    const auto self = thread().unpark();
    reply_without_message(thread(), terms_, STATUS_TIMEOUT, kLookAtLeases);
}

ReplyWait::ReplyWait(Thread& thread, Message& message, Side side, const ReceiveTerms& terms)
    : Wait(thread), message_(&message), side_(side), terms_(terms) {
    message.waiter[static_cast<std::size_t>(side)] = this;
}

ReplyWait::~ReplyWait() {
    if (message_) message_->abandoned_by(side_);
}

void ReplyWait::detach() {
    message_->waiter[static_cast<std::size_t>(side_)] = nullptr;
    message_.reset();
}

bool ReplyWait::take(Message& message) {
    const Ref<Message> alive(&message);
    const auto self = thread().unpark();
    detach();
    const bool fits = message.step().total_length <= terms_.capacity;
    if (fits) {
        reply_with_message(thread(), terms_, message);
    } else {
        reply_too_small(thread(), terms_, message);
    }
    return fits;
}

void ReplyWait::disconnected(std::int32_t status) {
    detach();
    finish(status);
}

Connector::Connector(Thread& thread, Connection& connection, NewHandle client)
    : Wait(thread), connection_(&connection), client_(std::move(client)) {
    connection.set_connector(this);
}

Connector::~Connector() {
    connection_->set_connector(nullptr);
}

namespace {

// A handle that the client is given, and behind it the memory of a view, if there is one, which stays its
// region's.
class HandleAndMemory {
  public:
    HandleAndMemory(UniqueFd handle, const UniqueFd* memory) {
        both_[0] = std::move(handle);
        if (memory) both_[1].reset(memory->get());
    }
    HandleAndMemory(const HandleAndMemory&) = delete;
    HandleAndMemory& operator=(const HandleAndMemory&) = delete;
    ~HandleAndMemory() { both_[1].release(); }
    std::span<const UniqueFd> all() const { return std::span(both_).first(both_[1] ? 2 : 1); }

  private:
    std::array<UniqueFd, 2> both_;
};

}  // namespace

void AlpcConnector::accepted(Message& message) {
    const auto self = thread().unpark();
    wire::ConnectPort::Reply reply;
    reply.reply_length = message.step().total_length;
    if (message.step().total_length > terms_.capacity) {
        // The answer is over: the server learns of the failure by the end of the connection, not by a notice
        // too.
        message.retire();
        thread().reply<wire::ConnectPort>(STATUS_BUFFER_TOO_SMALL, reply);
        return;
    }
    reply.handle = client().handle().id();
    reply.access = client().handle().access();
    reply.has_message = 1;
    reply.lease = connection().offer_lease(Side::client);
    reply.message = message.header_for_receiver();
    reply.attributes = message.attributes_for_receiver(terms_.allocated);
    reply.security_context = terms_.sent.security_context;
    NTALPC_TRACE(message_received(message, thread()));
    const UniqueFd* const memory = message.hand_out_view(thread(), *terms_.port, &reply.attributes);
    const HandleAndMemory descriptors(client().commit(), memory);
    hand_over_objects(thread(), message, reply.attributes);
    thread().reply<wire::ConnectPort>(STATUS_SUCCESS, reply, {.data = message.step().data},
                                      descriptors.all());
    message.received();
}

void LpcConnector::accepted(Message& message) {
    const auto self = thread().unpark();
    NTALPC_TRACE(message_received(message, thread()));
    ConnectionView& offered = connection().server_view;
    wire::LpcConnectPort::Reply reply;
    reply.handle = client().handle().id();
    reply.access = client().handle().access();
    reply.max_message_length = connection().listener()->max_message_length();
    reply.view_remote_base = connection().client_view.remote_base;
    std::array<UniqueFd, 2> descriptors;
    descriptors[0] = client().commit();
    descriptors[1] = std::move(offered.section);
    if (descriptors[1]) {
        reply.server_view_size = offered.size;
        reply.server_view_offset = offered.offset;
    }
    thread().reply<wire::LpcConnectPort>(STATUS_SUCCESS, reply, {.information = message.step().data},
                                         std::span(descriptors).first(descriptors[1] ? 2 : 1));
    message.retire();
}

void LpcConnector::refused(wire::Bytes information) {
    const auto self = thread().unpark();
    wire::LpcConnectPort::Reply reply;
    thread().reply<wire::LpcConnectPort>(STATUS_PORT_CONNECTION_REFUSED, reply, {.information = information});
}

FinishWait::FinishWait(Thread& thread, Connection& connection) : Wait(thread), connection_(&connection) {
    connection.set_finisher(this);
}

FinishWait::~FinishWait() {
    connection_->set_finisher(nullptr);
}

void FinishWait::answer(std::int32_t status) {
    wire::LpcFinishAccept::Reply reply;
    reply.view_remote_base = connection_->server_view.remote_base;
    thread().reply<wire::LpcFinishAccept>(status, reply);
}

}  // namespace ntalpc::server
