// SPDX-License-Identifier: LGPL-2.1-or-later
// Port objects of all kinds.
//
// All traffic from clients arrives at the connection port; what a server sends to one client arrives at that
// client's communication port; a server communication port receives nothing and is where the server sends
// (alpc-semantics 3.1, observed).
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "ntalpc/ntlpcapi.h"
#include "server/connection.h"
#include "server/message.h"
#include "server/notes.h"
#include "server/object.h"
#include "server/port_sections.h"
#include "server/port_watch.h"
#include "server/quota.h"
#include "server/ready_event.h"
#include "server/received_datagrams.h"

namespace ntalpc::server {

class CompletionList;
class PortWait;
class ReceiveWait;
class ReferenceWait;

extern const ObjectType kPortType;

class Port final : public Object, public Counted<Port> {
  public:
    enum class Kind { connection, client, server };

    // A connection port.
    Port(Kernel& kernel, const Process& owner, const wire::PortAttributes& attributes);
    // A communication port.
    Port(Kernel& kernel, const Process& owner, const wire::PortAttributes& attributes, Connection& connection,
         Side side);
    ~Port() override;

    const ObjectType& type() const override { return kPortType; }
    Kind kind() const { return kind_; }
    // Tells ports apart in traces and for the inspector; never used twice.
    std::uint64_t serial() const { return serial_; }
    std::uint32_t flags() const { return attributes_.flags; }
    const wire::PortAttributes& attributes() const { return attributes_; }
    // Made by the legacy calls: receivers see bare message types and no notices.
    bool lpc() const { return (attributes_.flags & ALPC_PORFLG_LPC_MODE) != 0; }
    std::uint32_t max_message_length() const;
    const ProcessFacts& owner() const { return *owner_; }
    const SharedFacts& owner_facts() const { return owner_; }
    // The primary token of the process that made the port, as it was then.
    const security::Token& owner_token() const { return owner_token_->facts(); }
    const security::Token* creator_token() const override { return &owner_token(); }
    Connection* connection() const { return connection_.get(); }
    Side side() const { return kind_ == Kind::client ? Side::client : Side::server; }
    std::uint64_t context() const { return connection_ ? connection_->port_context(side()) : 0; }
    std::uint32_t sequence() const { return sequence_; }
    // How many messages have been sent through the port, those that a lease carries included.
    std::uint32_t sent() const;
    std::size_t queued() const { return queue_.size(); }
    // What MaxPoolUsage allows the messages sent through this port that are under way; empty without a limit.
    const Ref<QuotaAccount>& pool() const { return pool_; }

    // Sends a new message or a reply, as the header's message id says.
    std::int32_t send(Thread& caller, const Outgoing& outgoing, Ref<Message>* sent);

    // Sends a datagram to the connection port itself.
    std::int32_t send_to_self(Thread& caller, const Outgoing& outgoing);
    // The live message that an LPC reply or callback through this port names, or nullptr.
    Message* find_conversation(std::uint32_t message_id) const;
    // The canceled message of that id whose notice this port, or another of its connection, has not received
    // yet.
    const Message* find_notice(std::uint32_t message_id) const;
    // A thread that has registered the port has ended.
    void notify_client_died(const Thread& thread, MessageCost paid);

    // Puts a step where receivers of this port find it.
    void enqueue(Message& message);
    // Brings queued steps and waiting receivers together. To be called after every change of either.
    void match();

    // A receiver that found nothing. The wait removes itself.
    std::list<ReceiveWait*>& receivers() { return receivers_; }
    bool empty() const { return queue_.empty(); }
    Message& front() const { return queue_.front(); }
    Ref<Message> take_front();
    // What a receiver gets when nothing is queued; STATUS_SUCCESS means that it waits.
    std::int32_t receive_status() const;
    void finish_receivers(std::int32_t status);
    // A receive would not have to wait.
    bool ready() const;
    // To be called whenever that may have changed.
    void readiness_changed();

    // What a wait on a handle of the port sees: whether it is ready. A port without the flag is never
    // signalled. `list_posts` is what the waiting thread knows of a completion list.
    bool signalled(std::uint64_t list_posts) const;
    // Those who wait for that. They are looked at again whenever a message is queued or a state ends.
    std::list<PortWait*>& watchers() { return watchers_; }

    // Has `process` told of what comes to the port. STATUS_PORT_ALREADY_SET while another association lasts.
    std::int32_t associate(Process& process, std::uint64_t cookie);
    // To be called when what ends has not been waited for by any receiver.
    void announce_end();
    // A descriptor that is readable while the port is ready, or may have something in its completion list:
    // until somebody finds that empty by a receive. Everybody gets the same one.
    std::int32_t event(const Ref<QuotaAccount>& payer, UniqueFd* descriptor);

    // Why no connection of the port can have a lease; nullptr if it can.
    const char* lease_obstacle() const;
    void forbid_leases(const char* reason);
    // Another process than its owner has a handle.
    void used_by(const Process& process);
    // Of the connection, or of all connections of a connection port.
    void take_back_leases(const char* reason);
    void drop_leases(const char* reason);
    // A connection port's: how many processes of clients may send without the server.
    void lease_opened();
    void lease_ended();
    // Whether messages may come to the port by a lease.
    bool may_get_by_lease() const;
    // Tells those who wait to receive that they may.
    void look_at_leases();
    void count_sent(std::uint32_t count) { sequence_ += count; }
    // What tells the owner of what comes to the port by way of the server.
    std::int32_t watch(const Ref<QuotaAccount>& payer, UniqueFd* page, UniqueFd* event);
    bool watched() const { return watch_.watched(); }

    // Where messages go as long as they fit. nullptr: this port has none.
    CompletionList* completion_list() const { return list_.get(); }
    void set_completion_list(std::unique_ptr<CompletionList> list);
    // So many messages have been put into it, and it is worth while to tell somebody.
    void list_published(std::uint32_t count, bool workers_wanted);
    // Whether an ordinary receive finds what is queued.
    bool for_receivers() const;
    // Nothing is to be expected of this port any more but its status.
    bool drained() const;

    // The sender of a message that this port may ask about: a live one of its connections, or a datagram that
    // was received lately. False when there is none.
    bool find_sender(std::uint32_t message_id, std::uint32_t callback_id, MessageSender* sender) const;
    // The objects that came with a message, if this port may take them.
    const PassedObjects* find_objects(std::uint32_t message_id, std::uint32_t callback_id) const;
    void remember_datagram(const Message& message);

    // STATUS_PENDING while a message sent from here with the direct attribute has not been processed.
    std::int32_t direct_status(std::uint32_t message_id) const;
    // One has been processed.
    void remember_direct(std::uint32_t message_id);

    // Messages sent through this port with ALPC_MSGFLG_TRACK_PORT_REFERENCES, and who waits for how many.
    std::uint32_t references() const { return references_; }
    std::list<ReferenceWait*>& reference_waits() { return reference_waits_; }
    void finish_reference_waits(std::int32_t status);
    SecurityContexts& security_contexts() { return security_contexts_; }

    // Resource reserves: ids have the top bit set, which no message id has.
    std::int32_t create_reserve(const Ref<QuotaAccount>& payer, std::size_t size, std::uint32_t* id);
    bool delete_reserve(std::uint32_t id);

    PortSections& sections() { return sections_; }
    // Those that belong to the port, whoever has them mapped. They add and remove themselves.
    std::set<View*>& views() { return views_; }

    void set_flags(std::uint32_t flags) { attributes_.flags = flags; }

    // Connection ports only.
    bool listening() const { return kind_ == Kind::connection && !stopped_ && !closed_; }
    std::list<Connection*>& connections() { return connections_; }
    void remember_canceled_request(std::uint32_t id);
    bool forget_canceled_request(std::uint32_t id);

    std::int32_t disconnect(PendingMessages pending);

  private:
    void last_handle_closed() override;
    void close_listener(std::int32_t receiver_status, PendingMessages pending);
    struct Reserve {
        std::size_t size = 0;
        MessageCharge charge;
        MessageCharge pool_charge;
    };
    std::int32_t send_from_reserve(Thread& caller, const Outgoing& outgoing, Ref<Message>* sent);
    std::int32_t send_reply(Thread& caller, const Outgoing& outgoing, Ref<Message>* sent);
    void wake_watchers();
    void count_reference();
    void hand_out();
    void announce_queued();
    void forget_association();
    bool worth_a_receive() const;
    std::int64_t waiting_since() const;

    Kernel& kernel_;
    const Kind kind_;
    const std::uint64_t serial_;
    const std::list<Port*>::iterator place_;  // in the kernel's list
    const SharedFacts owner_;
    const TokenRef owner_token_;
    wire::PortAttributes attributes_;
    const Ref<QuotaAccount> pool_;
    const Ref<Connection> connection_;  // of a communication port
    MessageQueue queue_{*this};
    std::list<ReceiveWait*> receivers_;
    std::list<PortWait*> watchers_;
    std::unique_ptr<CompletionList> list_;
    std::list<Connection*> connections_;
    std::list<std::uint32_t> canceled_requests_;
    // Lists, because an empty deque takes half a kilobyte.
    ReceivedDatagrams datagrams_;
    std::list<std::uint32_t> processed_direct_;  // messages processed lately, newest last
    std::list<ReferenceWait*> reference_waits_;
    std::uint32_t references_ = 0;
    std::map<std::uint32_t, Reserve> reserves_;
    SecurityContexts security_contexts_;
    Ref<Association> association_;
    ReadyEvent event_;
    PortWatch watch_;
    std::size_t open_leases_ = 0;
    const char* forbids_leases_ = nullptr;
    std::uint32_t last_reserve_ = 0;
    PortSections sections_;
    std::set<View*> views_;
    std::uint32_t sequence_ = 0;
    bool stopped_ = false;
    bool closed_ = false;
};

}  // namespace ntalpc::server
