// SPDX-License-Identifier: LGPL-2.1-or-later
// Messages and their life.
//
// A message belongs to a connection and is passed between its two sides in steps: a request, perhaps a
// callback inside it, a reply. A step is queued at the receiving side's port until it is received. Then
// either the message ends (a datagram, a released reply, a notice), or it is pending and its receiver owes
// the next step.
//
// LPC nests: a callback asks the waiting side something inside its own request, and the answer does not end
// the message but hands it back.
//
// When a connection ends, or the sender gives up, every live message is canceled: the side that remains is
// told by a notice, an empty message of type LPC_CANCEL_MESSAGE with the same id (alpc-semantics 6.2,
// observed by the OpenVMM tests). Until the notice is received the id is remembered, so that a late reply can
// be told apart from a wrong one. LPC knows no notices: what was queued stays and is delivered, the rest is
// forgotten.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "generated/protocol.h"
#include "server/direct_event.h"
#include "server/passed_object.h"
#include "server/message_security.h"
#include "server/process.h"
#include "server/quota.h"
#include "server/ref.h"
#include "server/view.h"

namespace ntalpc::server {

class Connection;
class Kernel;
class Port;
class ReplyWait;
class Thread;

enum class Side : std::uint8_t { client, server };
inline Side peer_of(Side side) {
    return side == Side::client ? Side::server : Side::client;
}

// What the end of a connection does to messages that the remaining side has received and not answered.
enum class PendingMessages : std::uint8_t { cancel, keep };

class Message final : public RefCounted, public Counted<Message> {
  public:
    enum class State { created, queued, pending, canceled, ended };

    // What travels: replaced as a whole with each step.
    struct Step {
        Side from = Side::client;
        std::uint16_t type = 0;  // LPC_*
        bool ends = false;       // nobody answers this step
        std::uint16_t total_length = 0;
        std::uint16_t data_info_offset = 0;
        std::uint64_t process_id = 0;
        std::uint64_t thread_id = 0;
        SharedFacts sender;  // empty for what nobody sent
        MessageSecurity security;
        std::vector<std::byte> data;
        std::optional<std::uint64_t>
            work_ticket;  // on whose behalf the receiver works, if the sender says so
        PassedObjects objects;  // of the handle attribute
        bool carries_view = false;
        RegionUse view;  // until it has been received

        // Whether the receiver owes something: an answer, or that it gives back what the step carries
        // (alpc-semantics 5.6).
        bool owed() const { return !ends || !objects.empty() || carries_view; }
    };
    // A step that nobody sent: eight bytes that are a time.
    static Step time_step(Side from, std::uint16_t type, std::uint64_t process_id, std::uint64_t thread_id,
                          std::int64_t time);

    // Makes a live message of the connection and gives it its ids.
    static Ref<Message> make(Kernel& kernel, Connection& connection);
    // One of an id that was set apart for a lease. Empty when there is such a message.
    static Ref<Message> adopt(Kernel& kernel, Connection& connection, std::uint32_t id,
                              std::uint32_t callback_id);
    // Makes one that belongs to no connection: what somebody sends to a connection port itself.
    static Ref<Message> make_detached(Kernel& kernel);

    std::uint32_t id() const { return id_; }
    std::uint32_t callback_id() const { return callback_id_; }
    State state() const { return state_; }
    Side owner() const { return owner_; }
    Connection* connection() const { return connection_.get(); }
    std::uint64_t connection_serial() const { return connection_serial_; }
    const Step& step() const { return step_; }

    // Replaces the step; `pool`, if there is one, is charged for the bytes that the sender's port may have
    // under way. For memory the `payer` of the first step is charged, also for the answers: what somebody has
    // asked for and does not fetch must not use up what the one who answers has. STATUS_QUOTA_EXCEEDED leaves
    // the message as it was.
    std::int32_t set_step(Step step, const Ref<QuotaAccount>& payer, const Ref<QuotaAccount>& pool = {});
    // The first step of a message that must reach its receiver whatever the sender has used up by then.
    void set_paid_step(Step step, MessageCost cost);
    static bool prepay(const Ref<QuotaAccount>& payer, MessageCost* cost);

    // A callback is under way inside the message, with an id of its own.
    void begin_callback();
    // Its answer brings the id of what it was inside of back.
    void end_callback();
    bool in_callback() const { return !outer_callback_ids_.empty(); }

    // Hands the step to a thread of the other side that waits for this very message, or queues it there.
    void deliver();

    // The header and attributes as the receiving side sees them. Advances the connection's sequence number.
    wire::PortMessage header_for_receiver() const;
    wire::MessageAttributes attributes_for_receiver(std::uint32_t allocated);
    // PortContext for the receiving side.
    std::uint64_t context_for_receiver() const;
    // Opens the view that the step carries for a receiver that has room for its attribute. Returns its
    // memory, which stays the region's: the server needs no descriptor for it. nullptr for none.
    const UniqueFd* hand_out_view(Thread& thread, Port& port, wire::MessageAttributes* attributes);
    // What has just been handed out no longer needs delivery: the message ends or becomes pending.
    void received();
    // The view that the side has received with the message last is given up.
    void unmap_received_view(Side side);
    // The objects that a side may take: it has received the message, and not given it back; or the message
    // has been canceled meanwhile, and the side has not been told yet. nullptr for anybody else.
    const PassedObjects* objects_for(Side side) const;

    // The sender of the step has attached an event: it is told when its message has been answered, received
    // if it wants no answer, or canceled.
    void set_direct_event(DirectEvent event);
    bool has_direct_event(Side side) const { return static_cast<bool>(direct_events_[index(side)]); }
    // Whether a wait on the receiving port notices the step. One whose arrival an event tells is not noticed
    // otherwise.
    bool noticed() const { return !quiet_; }
    // On the monotonic clock; 0 when nobody wanted to know.
    std::int64_t queued_at() const { return queued_at_; }

    // A thread of the side waited for the answer by a lease that has been taken back, and comes to wait for
    // it here (Thread::set_away). An answer is kept for it.
    void expect_back(Side side) { away_[index(side)] = true; }
    // The thread is there. True when it finds its answer; else it may wait for it, if the message is live.
    bool come_back(Side side);

    // NtAlpcCancelMessage by one side. What the other side still holds or hopes for becomes a notice.
    void cancel(Side by);
    // The side's thread stops waiting for an answer.
    void abandoned_by(Side side);
    // One side of the connection is gone; `own_status` is what its own waiting threads get. What the other
    // side has received and not answered may be left to it.
    void connection_ended(Side gone, std::int32_t own_status, PendingMessages pending);
    // Forgets the message: its id is free again.
    void retire();

    // Ranges of the requester's memory that the other side may read and write while it owes the answer
    // (PORT_DATA_INFORMATION), by the side that asked.
    struct DataEntry {
        std::uint64_t base;
        std::uint64_t size;
    };
    std::array<std::vector<DataEntry>, 2> data_entries;
    // The thread of a side that is blocked until the other side answers.
    std::array<ReplyWait*, 2> waiter{};
    // MessageContext of the context attribute: private to each side, returned to it with every answer.
    std::array<std::uint64_t, 2> message_context{};

  private:
    friend class MessageQueue;
    explicit Message(Kernel& kernel);
    Message(Kernel& kernel, std::uint32_t id, std::uint32_t callback_id);
    void join(Connection& connection);
    ~Message() override;
    static std::size_t index(Side side) { return static_cast<std::size_t>(side); }
    void finish_direct_event(Side side);
    void hand_over(Port* port);
    void release_id();
    void become_notice(Side receiver);
    void leave_connection(Side receiver);
    void leave();
    Side receiver() const { return peer_of(step_.from); }

    Kernel& kernel_;
    const std::uint32_t id_;
    std::uint32_t callback_id_;
    std::vector<std::uint32_t> outer_callback_ids_;
    Ref<Connection> connection_;  // empty for notices that outlive it and for ended messages
    std::uint64_t connection_serial_ = 0;
    State state_ = State::created;
    Side owner_ = Side::client;
    Step step_;
    PassedObjects left_over_;         // in a notice: what the message had carried to its receiver
    std::uint64_t port_context_ = 0;  // of a message that has left its connection
    Ref<QuotaAccount> payer_;
    MessageCost cost_;
    MessageCharge pool_charge_;
    std::array<DirectEvent, 2> direct_events_;  // by the side that sent
    bool quiet_ = false;
    bool counted_ = false;        // among its connection's datagrams
    std::array<bool, 2> away_{};  // by side: a thread that waits has not come here yet
    bool kept_ = false;           // the answer for such a thread
    class MessageQueue* queue_ = nullptr;
    bool announced_ = false;  // in that queue
    std::int64_t queued_at_ = 0;
    std::array<std::weak_ptr<View>, 2> received_views_;  // by the side that received them
    std::list<Ref<Message>>::iterator queue_place_;
    std::list<Ref<Message>>::iterator live_place_;
};

// Steps waiting to be received at one port, in order of arrival. The port hears of every change.
class MessageQueue {
  public:
    explicit MessageQueue(Port& port) : port_(port) {}
    bool empty() const { return messages_.empty(); }
    std::size_t size() const { return messages_.size(); }
    // How many of them a wait on the port notices.
    std::size_t noticed() const { return noticed_; }
    Message& front() const { return *messages_.front(); }
    void push(Message& message);
    Ref<Message> pop();
    void remove(Message& message);
    bool holds(const Message& message) const { return message.queue_ == this; }
    // Counts those that waits notice and that have come since the last time.
    std::size_t announce();
    // The next announcement is of all.
    void forget_announcements();

  private:
    Port& port_;
    std::list<Ref<Message>> messages_;
    std::size_t noticed_ = 0;
};

}  // namespace ntalpc::server
