// SPDX-License-Identifier: LGPL-2.1-or-later
// Port objects of all kinds.
//
// All traffic from clients arrives at the connection port; what a server sends to one client arrives at that
// client's communication port; a server communication port receives nothing and is where the server sends
// (alpc-semantics 3.1, observed).
#pragma once

#include <cstdint>
#include <deque>
#include <list>

#include "server/connection.h"
#include "server/message.h"
#include "server/object.h"
#include "server/quota.h"

namespace ntalpc::server {

class ReceiveWait;

extern const ObjectType kPortType;

class Port final : public Object, public Counted<Port> {
  public:
    enum class Kind { connection, client, server };

    // A connection port.
    Port(Kernel& kernel, const Process& owner, const wire::PortAttributes& attributes);
    // A communication port.
    Port(Kernel& kernel, const Process& owner, const wire::PortAttributes& attributes, Connection& connection,
         Side side);

    const ObjectType& type() const override { return kPortType; }
    Kind kind() const { return kind_; }
    std::uint32_t flags() const { return attributes_.flags; }
    std::uint32_t max_message_length() const;
    const ProcessFacts& owner() const { return owner_; }
    Connection* connection() const { return connection_.get(); }
    Side side() const { return kind_ == Kind::client ? Side::client : Side::server; }
    std::uint64_t context() const { return connection_ ? connection_->port_context(side()) : 0; }
    std::uint32_t sequence() const { return sequence_; }
    std::size_t queued() const { return queue_.size(); }

    // Sends a new message or a reply, as the header's message id says.
    std::int32_t send(Thread& caller, const Outgoing& outgoing, Ref<Message>* sent);

    // Puts a step where receivers of this port find it.
    void enqueue(Message& message);
    // Brings queued steps and waiting receivers together. To be called after every change of either.
    void match();

    // A receiver that found nothing. The wait removes itself.
    std::list<ReceiveWait*>& receivers() { return receivers_; }
    bool empty() const { return queue_.empty(); }
    Message& front() const { return queue_.front(); }
    Ref<Message> take_front() { return queue_.pop(); }
    // What a receiver gets when nothing is queued; STATUS_SUCCESS means that it waits.
    std::int32_t receive_status() const;
    void finish_receivers(std::int32_t status);

    // Connection ports only.
    bool listening() const { return kind_ == Kind::connection && !stopped_ && !closed_; }
    std::list<Connection*>& connections() { return connections_; }
    void remember_canceled_request(std::uint32_t id);
    bool forget_canceled_request(std::uint32_t id);

    std::int32_t disconnect();

  private:
    void last_handle_closed() override;
    void close_listener(std::int32_t receiver_status);
    std::int32_t send_reply(Thread& caller, const Outgoing& outgoing, Ref<Message>* sent);

    Kernel& kernel_;
    const Kind kind_;
    const ProcessFacts owner_;
    const wire::PortAttributes attributes_;
    const Ref<Connection> connection_;  // of a communication port
    MessageQueue queue_;
    std::list<ReceiveWait*> receivers_;
    std::list<Connection*> connections_;
    std::deque<std::uint32_t> canceled_requests_;
    std::uint32_t sequence_ = 0;
    bool stopped_ = false;
    bool closed_ = false;
};

}  // namespace ntalpc::server
