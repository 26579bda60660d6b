// SPDX-License-Identifier: LGPL-2.1-or-later
// The client processes of the stress test (stress.cc): each has several connections and several threads per
// connection, which send a random mixture, receive whatever arrives for their connection, and make sure that
// everything that they are owed comes exactly once and in order.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <tuple>

#include "conformance/harness/process.h"
#include "conformance/tests/stress.h"

namespace ntalpc::conformance::stress {

void set_body(BigMessage& message, const Body& body, std::size_t filling) {
    std::string data(sizeof(body) + filling, static_cast<char>(body.thread * 31 + body.order));
    std::memcpy(data.data(), &body, sizeof(body));
    std::memset(&message.header(), 0, sizeof(PORT_MESSAGE));
    message.set_data(data);
}

bool get_body(BigMessage& message, Body* body) {
    const std::string data = message.data();
    if (data.size() < sizeof(*body)) return false;
    std::memcpy(body, data.data(), sizeof(*body));
    const char filling = static_cast<char>(body->thread * 31 + body->order);
    return data.find_first_not_of(filling, sizeof(*body)) == std::string::npos;
}

void Complaints::add(const std::string& what) {
    constexpr std::size_t most = 10;
    const std::lock_guard lock(mutex_);
    if (++count_ <= most) texts_.push_back(what);
}

bool Complaints::expect(NTSTATUS expected, NTSTATUS actual, const char* where) {
    if (actual == expected) return true;
    add(std::string(where) + " gave " + describe_status(actual) + ", expected " + describe_status(expected));
    return false;
}

std::string Complaints::text() const {
    const std::lock_guard lock(mutex_);
    std::string all = std::to_string(count_) + " complaints";
    for (const std::string& text : texts_) all += "\n  " + text;
    return all;
}

bool Complaints::none() const {
    const std::lock_guard lock(mutex_);
    return count_ == 0;
}

namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;

class ClientConnection {
  public:
    ClientConnection(const std::string& name, Complaints& complaints) : complaints_(complaints) {
        ConnectOptions how;
        how.flags = ALPC_MSGFLG_SYNC_REQUEST;
        how.attributes = attributes();
        how.timeout = patience;
        complaints.expect(STATUS_SUCCESS, conformance::connect(port_, name, nullptr, nullptr, how),
                          "connect");
    }

    const Port& port() const { return port_; }
    void owe(const Body& sent) {
        const std::lock_guard lock(mutex_);
        owed_.insert({sent.thread, sent.order});
    }
    // False when it was not owed, or has come before.
    bool settle(const Body& answered) {
        const std::lock_guard lock(mutex_);
        return owed_.erase({answered.thread, answered.order}) == 1;
    }
    bool settled() const {
        const std::lock_guard lock(mutex_);
        return owed_.empty();
    }

    // Receives one message, if there is one in that time. False at the end of the time.
    bool receive_one(std::chrono::milliseconds limit) {
        const auto message = std::make_unique<BigMessage>();
        Attributes context(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
        const NTSTATUS status = receive(port_, *message, context.get(), limit);
        if (status == STATUS_TIMEOUT || !complaints_.expect(STATUS_SUCCESS, status, "receive")) return false;
        Body body;
        if (!get_body(*message, &body)) {
            complaints_.add("an answer of type " + std::to_string(message->type()) + " is damaged");
        } else if (!settle(body)) {
            complaints_.add("an answer came twice, or to nothing");
        }
        const std::lock_guard lock(mutex_);
        arrivals_.emplace_back(context.context().Sequence, body.server_thread, body.server_order);
        return true;
    }

    // Receives the rest, and looks at the order of all.
    void finish() {
        while (!settled()) {
            if (receive_one(patience)) continue;
            complaints_.add("answers are missing");
            break;
        }
        if (receive_one(at_once)) complaints_.add("a message too many");
        std::sort(arrivals_.begin(), arrivals_.end());
        std::map<std::uint32_t, std::uint32_t> last;  // by server thread
        for (const auto& [sequence, thread, order] : arrivals_) {
            if (order != ++last[thread])
                return complaints_.add("answers of one server thread are not in order");
        }
    }

  private:
    Complaints& complaints_;
    Port port_;
    mutable std::mutex mutex_;
    std::set<std::pair<std::uint32_t, std::uint32_t>> owed_;                 // guarded by mutex_
    std::vector<std::tuple<ULONG, std::uint32_t, std::uint32_t>> arrivals_;  // guarded by mutex_
};

class Talker {
  public:
    Talker(ClientConnection& connection, Complaints& complaints, std::uint32_t thread, std::uint32_t seed)
        : connection_(connection), complaints_(complaints), random_(seed) {
        body_.thread = thread;
    }

    void talk(int messages) {
        for (int i = 1; i < messages && complaints_.none(); ++i) {
            step();
            if (pick(4) == 0) connection_.receive_one(at_once);
        }
        ask(Kind::last);
    }

  private:
    std::uint32_t pick(std::uint32_t limit) {
        return std::uniform_int_distribution<std::uint32_t>(0, limit - 1)(random_);
    }
    std::size_t some_size() {
        if (pick(50) == 0) return pick(kMostData - sizeof(Body));
        return pick(4) == 0 ? pick(4000) : pick(200);
    }
    void next(Kind kind) {
        body_.kind = kind;
        ++body_.order;
        if (kind != Kind::canceled) ++body_.number;
        set_body(*message_, body_, kind == Kind::last ? 0 : some_size());
    }

    void step() {
        const std::uint32_t choice = pick(10);
        if (choice < 3) return tell(Kind::datagram, release);
        if (choice < 4) return tell(Kind::ping, release);
        if (choice < 7) return ask(Kind::synchronous);
        if (choice < 9) return tell(Kind::request, 0);
        send_and_cancel();
    }
    void tell(Kind kind, ULONG flags) {
        next(kind);
        if (kind != Kind::datagram) connection_.owe(body_);
        complaints_.expect(STATUS_SUCCESS, send(connection_.port(), message_->get(), flags), "send");
    }
    void ask(Kind kind) {
        next(kind);
        if (!complaints_.expect(STATUS_SUCCESS, request(connection_.port(), *message_, *answer_, patience),
                                "request"))
            return;
        Body answered;
        if (!get_body(*answer_, &answered) || answered.thread != body_.thread ||
            answered.order != body_.order)
            complaints_.add("a synchronous request got the answer to another one");
    }
    // The answer may be there already, or the server about to answer, or the request still queued.
    void send_and_cancel() {
        next(Kind::canceled);
        connection_.owe(body_);
        Attributes sent(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
        sent.set_valid(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
        if (!complaints_.expect(STATUS_SUCCESS, send(connection_.port(), message_->get(), 0, sent.get()),
                                "send"))
            return;
        const ULONG flags = pick(2) ? ALPC_CANCELFLG_TRY_CANCEL : 0;
        const NTSTATUS status = api().NtAlpcCancelMessage(connection_.port().get(), flags, &sent.context());
        const bool retrieved = status == STATUS_MESSAGE_RETRIEVED;
        if (status == STATUS_MESSAGE_NOT_FOUND || (retrieved && flags == ALPC_CANCELFLG_TRY_CANCEL)) return;
        if (!retrieved && !complaints_.expect(STATUS_SUCCESS, status, "cancel")) return;
        ++(retrieved ? body_.canceled_received : body_.canceled_unseen);
        if (!connection_.settle(body_)) complaints_.add("a canceled request was answered");
    }

    ClientConnection& connection_;
    Complaints& complaints_;
    std::mt19937 random_;
    Body body_{};
    const std::unique_ptr<BigMessage> message_ = std::make_unique<BigMessage>();
    const std::unique_ptr<BigMessage> answer_ = std::make_unique<BigMessage>();
};

// Arguments: the port, how many connections, threads per connection, messages per thread, and a seed.
int play_client(const std::vector<std::string>& arguments) {
    const int connections = std::stoi(arguments.at(1)), threads = std::stoi(arguments.at(2)),
              messages = std::stoi(arguments.at(3));
    const auto seed = static_cast<std::uint32_t>(std::stoul(arguments.at(4)));
    Complaints complaints;
    std::vector<std::unique_ptr<ClientConnection>> all;
    for (int i = 0; i < connections; ++i)
        all.push_back(std::make_unique<ClientConnection>("\\RPC Control\\" + arguments.at(0), complaints));
    std::vector<std::thread> talkers;
    for (int i = 0; i < connections * threads && complaints.none(); ++i) {
        talkers.emplace_back([&, i] {
            const auto thread = static_cast<std::uint32_t>(i);
            Talker(*all[thread % all.size()], complaints, thread, seed + thread).talk(messages);
        });
    }
    for (std::thread& talker : talkers) talker.join();
    for (const auto& connection : all) connection->finish();
    if (complaints.none()) return 0;
    std::printf("client with seed %u: %s\n", seed, complaints.text().c_str());
    return 1;
}

[[maybe_unused]] const bool known = add_part("stress-client", play_client);

}  // namespace
}  // namespace ntalpc::conformance::stress
