// SPDX-License-Identifier: LGPL-2.1-or-later
// What a thread can wait for at a port: any message, the answer to its own message, the decision on its
// connect.
#pragma once

#include "ntalpc/status.h"
#include "server/connection.h"
#include "server/port.h"
#include "server/thread.h"

namespace ntalpc::server {

// How a caller of send_wait_receive or lpc_message wants to receive.
struct ReceiveTerms {
    std::uint32_t capacity = 0;   // bytes, header included
    std::uint32_t allocated = 0;  // attributes it has room for
    Ref<Port> port{};             // which the views it receives belong to
    bool lpc = false;             // the caller used lpc_message
    bool only_connection_requests = false;
    bool polls = false;  // waits only for what is on its way into a completion list
    wire::MessageAttributes sent{};  // what to report about the message sent in the same call
};

// What is for the taking at once is put into the thread's hand: the message may end before it is taken. False
// when there is nothing.
bool hand_over_objects(Thread& thread, const Message& message, const wire::MessageAttributes& attributes);
// Answers with a message.
void reply_with_message(Thread& thread, const ReceiveTerms& terms, Message& message);
// Answers that the message does not fit; it stays where it is.
void reply_too_small(Thread& thread, const ReceiveTerms& terms, const Message& message);
// Answers without a message. `lease` as in the protocol.
void reply_without_message(Thread& thread, const ReceiveTerms& terms, std::int32_t status,
                           std::uint32_t lease = 0);

// Blocked in a receive.
class ReceiveWait final : public Wait {
  public:
    ReceiveWait(Thread& thread, Port& port, const ReceiveTerms& terms);
    ~ReceiveWait() override;
    void answer(std::int32_t status) override { reply_without_message(thread(), terms_, status); }
    Target target() const override { return {.port = port_->serial()}; }
    const ReceiveTerms& terms() const { return terms_; }
    // Messages may come by a lease, too. Destroys *this.
    void look_at_leases();

  private:
    const Ref<Port> port_;
    const ReceiveTerms terms_;
    std::list<ReceiveWait*>::iterator place_;
};

// Blocked until the other side takes the next step of a message. Ending the wait in any other way withdraws
// the message.
class ReplyWait final : public Wait {
  public:
    ReplyWait(Thread& thread, Message& message, Side side, const ReceiveTerms& terms);
    ~ReplyWait() override;
    void answer(std::int32_t status) override { reply_without_message(thread(), terms_, status); }

    Target target() const override { return {.message = message_ ? message_->id() : 0}; }
    const Connection* connection() const { return message_ ? message_->connection() : nullptr; }

    // The step has arrived. False if it does not fit, which the thread is told. Destroys *this in any case.
    bool take(Message& message);
    // The connection ended; the message needs no withdrawing. Destroys *this.
    void disconnected(std::int32_t status);

  private:
    void detach();
    Ref<Message> message_;
    const Side side_;
    const ReceiveTerms terms_;
};

// Blocked in a synchronous connect. The client's handle exists already and is closed again unless the connect
// succeeds, which withdraws the request.
class Connector : public Wait {
  public:
    Connector(Thread& thread, Connection& connection, NewHandle client);
    ~Connector() override;
    void answer(std::int32_t status) override { thread().reply(status); }
    virtual bool takes_views() const { return false; }
    // Both destroy *this.
    virtual void accepted(Message& reply) = 0;
    virtual void refused(wire::Bytes information) = 0;

  protected:
    Connection& connection() const { return *connection_; }
    NewHandle& client() { return client_; }

  private:
    const Ref<Connection> connection_;
    NewHandle client_;
};

class AlpcConnector final : public Connector {
  public:
    AlpcConnector(Thread& thread, Connection& connection, NewHandle client, const ReceiveTerms& terms)
        : Connector(thread, connection, std::move(client)), terms_(terms) {}
    void accepted(Message& reply) override;
    void refused(wire::Bytes) override { finish(STATUS_PORT_CONNECTION_REFUSED); }

  private:
    const ReceiveTerms terms_;
};

class LpcConnector final : public Connector {
  public:
    using Connector::Connector;
    bool takes_views() const override { return true; }
    void accepted(Message& reply) override;
    void refused(wire::Bytes information) override;
};

// The server's thread, blocked in its accept until the client has mapped the server's section or has gone.
class FinishWait final : public Wait {
  public:
    FinishWait(Thread& thread, Connection& connection);
    ~FinishWait() override;
    void answer(std::int32_t status) override;

  private:
    const Ref<Connection> connection_;
};

}  // namespace ntalpc::server
