// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/waits.h"

#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "server/log.h"

namespace ntalpc::server {

void reply_with_message(Thread& thread, const ReceiveTerms& terms, Message& message) {
    const Ref<Message> alive(&message);
    wire::SendWaitReceive::Reply reply;
    reply.has_message = 1;
    reply.message = message.header_for_receiver();
    reply.receive_length = reply.message.total_length;
    reply.attributes = message.attributes_for_receiver(terms.allocated);
    reply.sent_attributes = terms.sent;
    log(LogLevel::messages, "%04llx:%04llx received message %x type %x, %u bytes",
        static_cast<unsigned long long>(thread.process().facts().id),
        static_cast<unsigned long long>(thread.id()), message.id(), reply.message.type,
        reply.message.data_length);
    thread.reply<wire::SendWaitReceive>(STATUS_SUCCESS, reply, {.data = message.step().data});
    message.received();
}

void reply_too_small(Thread& thread, const ReceiveTerms& terms, const Message& message) {
    wire::SendWaitReceive::Reply reply;
    reply.receive_length = message.step().total_length;
    reply.sent_attributes = terms.sent;
    thread.reply<wire::SendWaitReceive>(STATUS_BUFFER_TOO_SMALL, reply);
}

void reply_without_message(Thread& thread, const ReceiveTerms& terms, std::int32_t status) {
    wire::SendWaitReceive::Reply reply;
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

void ReplyWait::take(Message& message) {
    const Ref<Message> alive(&message);
    const auto self = thread().unpark();
    detach();
    if (message.step().total_length <= terms_.capacity) {
        reply_with_message(thread(), terms_, message);
        return;
    }
    // It waits in the queue for a receive with more room, like any other message too large for its receiver.
    reply_too_small(thread(), terms_, message);
    message.deliver();
}

void ReplyWait::disconnected(std::int32_t status) {
    detach();
    finish(status);
}

ConnectWait::ConnectWait(Thread& thread, Connection& connection, NewHandle client, const ReceiveTerms& terms)
    : Wait(thread), connection_(&connection), client_(std::move(client)), terms_(terms) {
    connection.set_connector(this);
}

ConnectWait::~ConnectWait() {
    connection_->set_connector(nullptr);
}

void ConnectWait::accepted(Message& message) {
    const auto self = thread().unpark();
    wire::ConnectPort::Reply reply;
    reply.reply_length = message.step().total_length;
    if (message.step().total_length > terms_.capacity) {
        thread().reply<wire::ConnectPort>(STATUS_BUFFER_TOO_SMALL, reply);
        return;
    }
    reply.handle = client_.handle().id();
    reply.access = client_.handle().access();
    reply.has_message = 1;
    reply.message = message.header_for_receiver();
    reply.attributes = message.attributes_for_receiver(terms_.allocated);
    const UniqueFd descriptor = client_.commit();
    thread().reply<wire::ConnectPort>(STATUS_SUCCESS, reply, {.data = message.step().data},
                                      std::span(&descriptor, 1));
}

}  // namespace ntalpc::server
