// SPDX-License-Identifier: LGPL-2.1-or-later
// A connection: what ties a client communication port, a server communication port and the connection port
// they met at together, and owns the messages that are alive between the two sides.
//
//   pending --begin_accept--> accepting --finish_accept--> accepted --close or disconnect of a side--> ended
//   pending --refuse--> refused
//   pending --client lets go, or connection port closed--> ended
//
// An ALPC accept does both halves at once. An LPC accept maps sections and learns its handle in between,
// while the client stays blocked.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <string>

#include "server/handle.h"
#include "server/lease.h"
#include "server/log.h"
#include "server/message.h"
#include "server/process.h"

namespace ntalpc::server {

class Connector;
class FinishWait;
class Port;
class SentView;
class Thread;

// A section that one side offers to the other at connect time (PORT_VIEW), and where the sides have mapped
// it.
struct ConnectionView {
    UniqueFd section;
    std::uint64_t size = 0;
    std::uint64_t offset = 0;
    std::uint64_t base = 0;         // in the process that offers it
    std::uint64_t remote_base = 0;  // in the other
};

// What a sender hands in; the spans are only valid during the call.
struct Outgoing {
    const wire::PortMessage& header;
    wire::Bytes data;
    const wire::MessageAttributes& attributes;
    std::uint32_t flags;          // ALPC_MSGFLG_*
    Ref<QuotaAccount> pool = {};  // what the sending port may have under way, if that is limited
    DirectEvent* direct_event = nullptr;
    const SentView* view = nullptr;
};

class Connection final : public RefCounted, public Counted<Connection> {
  public:
    enum class State { pending, accepting, accepted, refused, ended };

    Connection(Kernel& kernel, Port& listener, const Process& client);

    State state() const { return state_; }
    Port* listener() const { return listener_; }
    const ProcessFacts& client_facts() const { return *client_facts_; }
    const SharedFacts& client_facts_shared() const { return client_facts_; }
    const security::Token& client_token() const { return client_token_->facts(); }
    std::list<Ref<Message>>& messages() { return messages_; }
    const std::list<Ref<Message>>& messages() const { return messages_; }
    // The client's datagrams among them that end when they are received.
    void datagram_begins() { ++datagrams_; }
    void datagram_ends() { --datagrams_; }
    std::size_t datagrams() const { return datagrams_; }

    // A communication port, while it has handles.
    const Port* port(Side side) const { return ports_[static_cast<std::size_t>(side)]; }
    // The port whose queue messages for a side go to: the connection port for the server.
    Port* queue_port(Side side) const;
    // The port whose attributes say which handles a side lets in: its own, once it has one.
    Port* handle_gate(Side side) const;
    std::uint64_t port_context(Side side) const { return side == Side::server ? server_context_ : 0; }
    std::uint32_t next_sequence(Side side);
    std::uint32_t sequence(Side side) const { return sequence_[static_cast<std::size_t>(side)]; }

    // Queues the connection request of `client_port` at the connection port.
    std::int32_t request(Thread& caller, Port& client_port, const Outgoing& outgoing);
    // The security context that went with it.
    std::uint64_t request_context() const { return request_ ? request_->step().security.context_handle : 0; }
    // The thread that waits for the decision, if the client connects synchronously.
    void set_connector(Connector* connector) { connector_ = connector; }
    bool connector_takes_views() const;
    // The thread that waits until the client has mapped the server's section.
    void set_finisher(FinishWait* finisher) { finisher_ = finisher; }

    // Makes the server's port. The answer to the client is what `outgoing` says.
    std::int32_t begin_accept(Thread& caller, Message& request, const wire::PortAttributes& attributes,
                              const Outgoing& outgoing, NewHandle* server_handle);
    // Lets the client go on.
    void finish_accept(std::uint64_t port_context);
    void refuse(Thread& caller, Message& request, wire::Bytes information);

    // How far the client lets the server act as it; to be said before the request. With static tracking its
    // token is taken now. A client that lets nobody act as it may say anything.
    std::int32_t set_quality(const Thread& client, const QualityOfService& quality, bool impersonable);
    const QualityOfService& quality() const { return quality_; }

    // Sections offered by the client and by the server.
    ConnectionView client_view;
    ConnectionView server_view;
    void server_view_mapped(std::uint64_t base);

    // A new message from a side, or the next step of a live one. `sent` is set only on success.
    std::int32_t send(Thread& caller, Side from, const Outgoing& outgoing, Ref<Message>* sent);
    std::int32_t reply(Thread& caller, Side from, Message& message, const Outgoing& outgoing);
    // LPC. A reply or callback is addressed to the thread that waits.
    std::int32_t lpc_callback(Thread& caller, Side from, Message& message, const Outgoing& outgoing);
    std::int32_t lpc_reply(Thread& caller, Side from, Message& message, const Outgoing& outgoing);
    void notify_client_died(const Thread& thread, Side from, MessageCost paid);

    // What a thread of a side gets whose answer will never come because the other side is gone.
    std::int32_t lost_status(Side side) const;

    // What a side gets that wants to send or receive and cannot any more. STATUS_SUCCESS while it can.
    std::int32_t receive_status() const { return receive_status_; }
    std::int32_t send_status() const;

    // Ends an accepted connection because of one side, or gives up a pending one. `own_status` is for that
    // side's own waiting threads.
    void end(Side gone, std::int32_t own_status, PendingMessages pending = PendingMessages::cancel);
    // A communication port has lost its last handle. One that never became part of the connection, because an
    // accept failed half-way, changes nothing.
    void port_closed(const Port& port);
    void listener_closed(PendingMessages pending);
    // What a side finds in its answers: the number plus one of a lease that it can take part in now, or 0.
    std::uint32_t offer_lease(Side side);
    // Nothing would be overtaken if the client sent by a lease from now on, apart from so many messages.
    bool quiet(std::size_t apart_from = 0) const;
    // A side has taken part.
    void lease_taken(Side side);
    // Messages may go past the server.
    bool has_lease() const;
    // Why there can be none now; nullptr if there can.
    const char* lease_obstacle() const;
    // Why messages go the way they go.
    std::string path_reason() const;
    // What a lease has carried becomes messages here. Does nothing unless both sides have taken part.
    void take_back_lease(const char* reason);
    // The same, and one that has only been offered is not any more.
    void drop_lease(const char* reason);
    // A process cannot take part. There is another try after as many messages as if nobody preferred leases.
    void lease_is_unusable();
    void garbage_in_lease();
    // How many messages a lease has carried: received by the server, sent by each side.
    void count_leased(std::uint32_t received_by_server, std::uint32_t sent_by_client,
                      std::uint32_t sent_by_server);
    // How many it has carried so far from one side.
    // Who pays for what it costs the server.
    const Ref<QuotaAccount>& client_account() const { return client_account_; }
    std::uint32_t leased_messages(Side from) const { return has_lease() ? lease_->sent_by(from) : 0; }
    MessageSecurity security_in_lease(Side from, const TokenRef& token) const;
    // Tells connections apart without keeping them alive.
    std::uint64_t serial() const { return serial_; }

  private:
    ~Connection() override;
    LogAbout about_client() const;
    bool prefers_lease() const;
    bool lease_is_due() const;
    void leave_listener();
    void abandon_request();
    void forget_messages_of(Side owner);
    void become_refused(Message& request, wire::Bytes information);
    void notify(Message::Step step, MessageCost paid);
    std::int32_t make_step(Thread& caller, Side from, std::uint16_t type, const Outgoing& outgoing,
                           Message::Step* made) const;
    std::int32_t make_security(const Thread& caller, Side from, const Outgoing& outgoing,
                               MessageSecurity* made) const;
    std::int32_t set_step(Thread& caller, Side from, std::uint16_t type, const Outgoing& outgoing,
                          Message& message) const;

    Kernel& kernel_;
    const std::uint64_t serial_;
    State state_ = State::pending;
    Port* listener_;  // each port clears its pointer when its last handle is closed
    std::list<Connection*>::iterator listener_place_;
    std::array<Port*, 2> ports_{};  // communication ports, by Side
    const SharedFacts client_facts_;
    const TokenRef client_token_;
    QualityOfService quality_;
    bool impersonable_ = false;
    TokenRef tracked_token_;  // of the client, with static tracking
    const Ref<QuotaAccount> client_account_;
    ConnectionCharge charge_;
    MessageCost end_notice_;  // of the message that will tell the server of the client's end
    std::uint64_t server_context_ = 0;
    std::array<std::uint32_t, 2> sequence_{};
    std::int32_t receive_status_ = 0;
    Connector* connector_ = nullptr;
    FinishWait* finisher_ = nullptr;
    std::unique_ptr<Lease> lease_;
    bool lease_was_unusable_ = false;
    std::uint32_t plain_messages_ = 0;  // of the client, since there was a lease
    std::uint32_t lease_threshold_;
    const char* lease_ended_because_ = nullptr;
    Ref<Message> request_;
    std::list<Ref<Message>> messages_;
    std::size_t datagrams_ = 0;
};

}  // namespace ntalpc::server
