// SPDX-License-Identifier: LGPL-2.1-or-later
// Client threads and what they wait for.
//
// A thread has at most one request outstanding. Its handler either answers at once or parks the thread in a
// Wait, which some later event, a deadline, a cancellation or the end of the thread completes. Exactly one
// answer goes out for each request.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>

#include "generated/protocol.h"
#include "ntalpc/unique_fd.h"
#include "server/direct_event.h"
#include "server/passed_object.h"
#include "server/process.h"

namespace ntalpc::server {

class DataWait;
class Message;
class Recorder;
class Thread;
class TraceBuffer;
class Wait;

using Nanoseconds = std::int64_t;  // on the monotonic clock
inline constexpr Nanoseconds kForever = -1;

// Waits with a deadline, soonest first.
using DeadlineQueue = std::multimap<Nanoseconds, Wait*>;

class Wait : public Counted<Wait> {
  public:
    explicit Wait(Thread& thread) : thread_(thread) {}
    virtual ~Wait();
    Thread& thread() const { return thread_; }

    // Answers the request without a result; the caller destroys the wait afterwards. What was begun is
    // withdrawn by the destructor.
    virtual void answer(std::int32_t status) = 0;

    // For traces: the port where any message will do, or the message whose answer is awaited; else 0.
    struct Target {
        std::uint64_t port = 0;
        std::uint32_t message = 0;
    };
    virtual Target target() const { return {}; }

    void set_deadline(DeadlineQueue& queue, Nanoseconds when);

    // Ends the wait with a status. Destroys *this.
    void finish(std::int32_t status);

  private:
    Thread& thread_;
    DeadlineQueue* deadlines_ = nullptr;
    DeadlineQueue::iterator deadline_;
};

// Where answers go: the thread's channel, or a recorder in unit tests.
class ReplySink {
  public:
    virtual ~ReplySink() = default;
    virtual void send(std::span<const wire::Bytes> pieces, std::span<const UniqueFd> descriptors) = 0;
};

class Thread final : public Counted<Thread> {
  public:
    Thread(Ref<Process> process, std::uint64_t id, std::int64_t creation_time, ReplySink& sink);
    ~Thread();

    Process& process() const { return *process_; }
    std::uint64_t id() const { return id_; }
    std::int64_t creation_time() const { return creation_time_; }

    // The token that the thread acts with: the one it impersonates with, or else its process's.
    const TokenRef& token() const { return own_token_ ? own_token_ : process_->token(); }
    const security::Token& effective_token() const { return token()->facts(); }
    bool impersonating() const { return static_cast<bool>(own_token_); }
    // Empty: it acts as its process.
    void set_own_token(TokenRef token) { own_token_ = std::move(token); }

    void begin_request(std::uint16_t code, std::uint32_t serial);
    bool outstanding() const { return outstanding_; }
    Wait* wait() const { return wait_.get(); }

    void park(std::unique_ptr<Wait> wait);
    // Takes the wait out, so that what its completion triggers finds the thread no longer waiting.
    std::unique_ptr<Wait> unpark() { return std::move(wait_); }

    // Ports that learn of the thread's end, in the order of registration. Each registration counts as a
    // handle.
    struct TerminationPort {
        Ref<Object> port;
        ObjectCharge charge;
        MessageCost notice;  // of the message that will tell of it
    };
    std::vector<TerminationPort>& termination_ports() { return termination_ports_; }

    // Of the message that this thread is about to send.
    DirectEvent prepared_direct_event;

    // Those who wait for memory of this thread, in order. An entry that gave up while its order was being
    // served leaves nullptr at the front.
    std::deque<DataWait*>& data_waits() { return data_waits_; }

    // The request that the thread waits in.
    std::uint16_t request() const { return code_; }

    // Set for a thread that records a trace. It does not appear in any.
    void set_recorder(std::unique_ptr<Recorder> recorder);
    Recorder* recorder() const { return recorder_.get(); }
    // What is left of the answer to `inspect`.
    std::unique_ptr<TraceBuffer>& inspection() { return inspection_; }

    // The answer that the thread waited for by a lease, until it comes to wait for it here. False when it has
    // one.
    bool set_away(Message& message);
    Ref<Message> take_away(std::uint32_t message_id);

    // What the thread has handed in for its next message.
    PassedObjects& attached() { return attached_; }

    // What the thread has been told of and is just about to take. The message it came with may end meanwhile.
    void take_in_hand(std::uint32_t message_id, std::uint32_t index, Ref<PassedObject> object) {
        hand_.push_back({message_id, index, std::move(object)});
    }
    Ref<PassedObject> in_hand(std::uint32_t message_id, std::uint32_t index) const;
    void empty_hand() { hand_.clear(); }

    // A packet that answers nothing: only serve_data and serve_views have one.
    template <class Request>
    void send_unasked(typename Request::Reply& body, const typename Request::ReplyBlobs& blobs,
                      std::span<const UniqueFd> descriptors = {}) {
        auto packet = wire::encode({.code = static_cast<std::uint16_t>(Request::code)}, body, blobs,
                                   Request::kReplyBlobs);
        packet.pieces[0] = std::as_bytes(std::span(&packet.header, 1));
        sink_.send(packet.pieces, descriptors);
    }

    void reply(std::int32_t status);
    template <class Request>
    void reply(std::int32_t status, typename Request::Reply& body,
               const typename Request::ReplyBlobs& blobs = {}, std::span<const UniqueFd> descriptors = {}) {
        auto packet = wire::encode(header(status), body, blobs, Request::kReplyBlobs);
        packet.pieces[0] = std::as_bytes(std::span(&packet.header, 1));
        send(status, packet.pieces, descriptors);
    }

  private:
    wire::PacketHeader header(std::int32_t status) const;
    void send(std::int32_t status, std::span<const wire::Bytes> pieces,
              std::span<const UniqueFd> descriptors);

    const Ref<Process> process_;
    const std::uint64_t id_;
    const std::int64_t creation_time_;
    ReplySink& sink_;
    TokenRef own_token_;
    std::unique_ptr<Wait> wait_;
    std::vector<TerminationPort> termination_ports_;
    std::deque<DataWait*> data_waits_;
    std::unique_ptr<Recorder> recorder_;
    std::unique_ptr<TraceBuffer> inspection_;
    Ref<Message> away_;
    PassedObjects attached_;
    struct InHand {
        std::uint32_t message_id;
        std::uint32_t index;
        Ref<PassedObject> object;
    };
    std::vector<InHand> hand_;
    std::uint32_t serial_ = 0;
    std::uint16_t code_ = 0;
    bool outstanding_ = false;
    // When the request came and when it was parked, if a trace was being recorded then.
    Nanoseconds began_ = 0;
    Nanoseconds parked_ = 0;
};

}  // namespace ntalpc::server
