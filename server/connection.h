// SPDX-License-Identifier: LGPL-2.1-or-later
// A connection: what ties a client communication port, a server communication port and the connection port
// they met at together, and owns the messages that are alive between the two sides.
//
//   pending ──accept──▶ accepted ──close or disconnect of a side──▶ ended
//      ├──refuse──▶ refused
//      └──client lets go, or connection port closed──▶ ended
#pragma once

#include <array>
#include <cstdint>
#include <list>

#include "server/handle.h"
#include "server/message.h"
#include "server/process.h"

namespace ntalpc::server {

class ConnectWait;
class Port;
class Thread;

// What a sender hands in; the spans are only valid during the call.
struct Outgoing {
    const wire::PortMessage& header;
    wire::Bytes data;
    const wire::MessageAttributes& attributes;
    std::uint32_t flags;  // ALPC_MSGFLG_*
};

class Connection final : public RefCounted, public Counted<Connection> {
  public:
    enum class State { pending, accepted, refused, ended };

    Connection(Kernel& kernel, Port& listener, const Process& client);

    State state() const { return state_; }
    Port* listener() const { return listener_; }
    const ProcessFacts& client_facts() const { return client_facts_; }
    std::list<Ref<Message>>& messages() { return messages_; }

    // The port whose queue messages for a side go to: the connection port for the server.
    Port* queue_port(Side side) const;
    std::uint64_t port_context(Side side) const { return side == Side::server ? server_context_ : 0; }
    std::uint32_t next_sequence(Side side);

    // Queues the connection request of `client_port` at the connection port.
    std::int32_t request(Thread& caller, Port& client_port, const Outgoing& outgoing);
    // The thread that waits for the decision, if the client connects synchronously.
    void set_connector(ConnectWait* connector) { connector_ = connector; }

    std::int32_t accept(Thread& caller, Message& request, const wire::AcceptPort::Request& arguments,
                        wire::Bytes data, NewHandle* server_handle);
    void refuse(Thread& caller, Message& request);

    // A new message from a side, or the next step of a live one. `sent` is set only on success.
    std::int32_t send(Thread& caller, Side from, const Outgoing& outgoing, Ref<Message>* sent);
    std::int32_t reply(Thread& caller, Side from, Message& message, const Outgoing& outgoing);

    // What a side gets that wants to send or receive and cannot any more. STATUS_SUCCESS while it can.
    std::int32_t receive_status() const { return receive_status_; }
    std::int32_t send_status() const;

    // Ends an accepted connection because of one side, or gives up a pending one. `own_status` is for that
    // side's own waiting threads.
    void end(Side gone, std::int32_t own_status);
    // A communication port has lost its last handle.
    void port_closed(Side side);
    void listener_closed();
    // Tells connections apart without keeping them alive.
    std::uint64_t serial() const { return serial_; }

  private:
    ~Connection() override;
    void leave_listener();
    void abandon_request();
    void notify_port_closed();
    Message::Step make_step(Thread& caller, Side from, std::uint16_t type, const Outgoing& outgoing) const;

    Kernel& kernel_;
    const std::uint64_t serial_;
    State state_ = State::pending;
    Port* listener_;  // each port clears its pointer when its last handle is closed
    std::list<Connection*>::iterator listener_place_;
    std::array<Port*, 2> ports_{};  // communication ports, by Side
    const ProcessFacts client_facts_;
    const Ref<QuotaAccount> client_account_;
    std::uint64_t server_context_ = 0;
    std::array<std::uint32_t, 2> sequence_{};
    std::int32_t receive_status_ = 0;
    ConnectWait* connector_ = nullptr;
    Ref<Message> request_;
    std::list<Ref<Message>> messages_;
};

}  // namespace ntalpc::server
