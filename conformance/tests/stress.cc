// SPDX-License-Identifier: LGPL-2.1-or-later
// Many clients at once: 64 threads in 8 processes, several on each connection, talk to 4 server threads that
// receive on one port. Nothing may be lost, come twice, or overtake.
//
// What the server receives has a sequence number per connection (the context attribute), so that afterwards
// the order of arrival is known although four threads received. ALPC_STRESS_MESSAGES says how many messages
// are sent in all; a million takes minutes.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <deque>
#include <future>
#include <map>
#include <memory>

#include "conformance/harness/process.h"
#include "conformance/harness/thread.h"
#include "conformance/harness/watchdog.h"
#include "conformance/tests/stress.h"

namespace ntalpc::conformance::stress {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;
constexpr int kProcesses = 8;
constexpr int kConnections = 4;  // per process
constexpr int kThreads = 2;      // per connection
constexpr int kServerThreads = 4;

int messages_in_all() {
    const char* const text = std::getenv("ALPC_STRESS_MESSAGES");
    return text ? std::atoi(text) : 16'000;
}

// What the server knows of a client's connection.
struct Session {
    std::promise<void> accepted;  // the port is there
    std::shared_future<void> ready = accepted.get_future().share();
    Port port;
    std::uint32_t answers[kServerThreads] = {};  // by server thread, each its own
};

struct Arrival {
    ULONG sequence;
    Body body;
};

class Server {
  public:
    Server() {
        ALPC_PORT_ATTRIBUTES limits = attributes();
        listener_ = create_port(port_name(), limits);
    }

    // One of the threads. Returns when every client has gone.
    void serve(std::uint32_t self) {
        const auto message = std::make_unique<BigMessage>();
        std::map<Session*, std::vector<Arrival>> mine;
        Attributes context(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
        for (;;) {
            const NTSTATUS status = receive(listener_, *message, context.get(), patience);
            if (over_) break;
            if (!complaints.expect(STATUS_SUCCESS, status, "the server's receive")) break;
            auto* const session = static_cast<Session*>(context.context().PortContext);
            switch (message->kind()) {
                case LPC_CONNECTION_REQUEST:
                    accept(*message);
                    break;
                case LPC_CANCEL_MESSAGE:
                    ++notices_;
                    break;
                case LPC_PORT_CLOSED:
                    session->port.close();
                    if (++closed_ == kProcesses * kConnections) stop();
                    break;
                default:
                    take(self, *session, *message, context.context().Sequence, mine[session]);
            }
        }
        const std::lock_guard lock(mutex_);
        for (auto& [session, arrivals] : mine)
            arrivals_[session].insert(arrivals_[session].end(), arrivals.begin(), arrivals.end());
    }

    // When all threads have ended: what the arrivals say.
    void look_back() {
        std::uint32_t unseen = 0, received = 0;
        for (auto& [session, arrivals] : arrivals_) {
            std::sort(arrivals.begin(), arrivals.end(),
                      [](const Arrival& a, const Arrival& b) { return a.sequence < b.sequence; });
            look_at(arrivals, &unseen, &received);
        }
        if (notices_ != unseen + received) {
            complaints.add(std::to_string(notices_) + " notices of " + std::to_string(unseen) + " and " +
                           std::to_string(received) + " cancels");
        }
        if (late_answers_ != received) {
            complaints.add(std::to_string(late_answers_) + " answers came too late for " +
                           std::to_string(received) + " requests canceled after they were received");
        }
    }
    std::size_t arrived() const {
        std::size_t count = notices_;
        for (const auto& [session, arrivals] : arrivals_) count += arrivals.size();
        return count;
    }
    std::uint32_t notices() const { return notices_; }

    Complaints complaints;

  private:
    void accept(BigMessage& request) {
        Session* session;
        {
            const std::lock_guard lock(mutex_);
            session = &sessions_.emplace_back();
        }
        ALPC_PORT_ATTRIBUTES limits = attributes();
        complaints.expect(STATUS_SUCCESS,
                          api().NtAlpcAcceptConnectPort(
                              session->port.put(), listener_.get(), ULONG{0}, POBJECT_ATTRIBUTES{}, &limits,
                              PVOID{session}, request.get(), PALPC_MESSAGE_ATTRIBUTES{}, BOOLEAN{TRUE}),
                          "accept");
        session->accepted.set_value();
    }

    void take(std::uint32_t self, Session& session, BigMessage& message, ULONG sequence,
              std::vector<Arrival>& arrivals) {
        Body body;
        if (!get_body(message, &body)) return complaints.add("a message arrived damaged");
        arrivals.push_back({sequence, body});
        if (body.kind == Kind::datagram) return;
        const bool waited_for = body.kind == Kind::synchronous || body.kind == Kind::last;
        body.server_thread = self;
        body.server_order = session.answers[self] + 1;
        const ULONG id = message.id(), callback = message.callback_id();
        set_body(message, body, message.data_length() - sizeof(body));
        NTSTATUS status;
        if (body.kind == Kind::ping) {
            session.ready.wait();
            status = send(session.port, message.get(), release);
        } else {
            message.header().MessageId = id;
            message.header().CallbackId = callback;
            status = send(listener_, message.get(), release);
        }
        if (status == STATUS_SUCCESS) {
            if (!waited_for) ++session.answers[self];
        } else if (body.kind == Kind::canceled &&
                   (status == STATUS_REQUEST_CANCELED || status == STATUS_INVALID_MESSAGE)) {
            ++late_answers_;
        } else {
            complaints.expect(STATUS_SUCCESS, status, "an answer");
        }
    }

    // One connection, in order of arrival.
    void look_at(const std::vector<Arrival>& arrivals, std::uint32_t* unseen, std::uint32_t* received) {
        struct Sender {
            std::uint32_t order = 0, number = 0;
            bool ended = false;
        };
        std::map<std::uint32_t, Sender> senders;
        ULONG sequence = 0;
        for (const auto& [at, body] : arrivals) {
            if (at != ++sequence) return complaints.add("a sequence number is missing or there twice");
            Sender& sender = senders[body.thread];
            if (body.order <= sender.order || sender.ended) return complaints.add("a message was overtaken");
            sender.order = body.order;
            if (body.kind == Kind::canceled) continue;
            if (body.number != ++sender.number) return complaints.add("a message was lost or came twice");
            sender.ended = body.kind == Kind::last;
            if (!sender.ended) continue;
            *unseen += body.canceled_unseen;
            *received += body.canceled_received;
        }
        for (const auto& [thread, sender] : senders) {
            if (!sender.ended) complaints.add("the last message of a thread is missing");
        }
        if (senders.size() != kThreads) complaints.add("a thread was never heard of");
    }

    // Releases the other threads.
    void stop() {
        over_ = true;
        api().NtAlpcDisconnectPort(listener_.get(), ULONG{0});
    }

    Port listener_;
    std::mutex mutex_;
    std::deque<Session> sessions_;                       // guarded by mutex_; their places do not change
    std::map<Session*, std::vector<Arrival>> arrivals_;  // guarded by mutex_
    std::atomic<std::uint32_t> notices_{0}, late_answers_{0};
    std::atomic<int> closed_{0};
    std::atomic<bool> over_{false};
};

ALPC_TEST(Stress, NothingIsLostDuplicatedOrReordered, "3.3, 5.7, M02, M39, M41", "OVMM, WI", high) {
    constexpr int threads = kProcesses * kConnections * kThreads;
    const int per_thread = std::max(messages_in_all() / threads, 2);
    allow_more_time(std::chrono::seconds(60 + messages_in_all() / 500));
    Server server;
    std::vector<Process> clients;
    for (int i = 0; i < kProcesses; ++i) {
        clients.emplace_back("stress-client",
                             std::vector<std::string>{port_name().substr(sizeof("\\RPC Control")),
                                                      std::to_string(kConnections), std::to_string(kThreads),
                                                      std::to_string(per_thread), std::to_string(1000 * i)});
    }
    std::vector<std::thread> serving;
    for (std::uint32_t i = 0; i < kServerThreads; ++i)
        serving.emplace_back([&server, i] { server.serve(i); });
    for (Process& client : clients) EXPECT_EQ(client.wait(), 0) << "see what the client says";
    for (std::thread& thread : serving) thread.join();
    server.look_back();
    EXPECT_TRUE(server.complaints.none()) << server.complaints.text();
    // What is canceled after it was received is there twice: as a request and as a notice.
    EXPECT_GE(server.arrived(), static_cast<std::size_t>(per_thread) * threads);
    EXPECT_GT(server.notices(), 0u) << "no cancel came in time: the test tests less than it should";
}

}  // namespace
}  // namespace ntalpc::conformance::stress
