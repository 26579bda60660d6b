// SPDX-License-Identifier: LGPL-2.1-or-later
// A client: threads that each have connections to all sorts of services and use them at random.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "conformance/load/calls.h"
#include "conformance/load/legacy.h"
#include "ntalpc/status.h"

namespace ntalpc::load {

namespace {

constexpr std::uint32_t kThreads = 2;
constexpr std::uint32_t kMostAtOnce = 5;  // requests under way, and datagrams wanted
constexpr std::size_t kViewSize = 0x4000;

// What a client sees when its service has been killed.
bool is_loss(NTSTATUS status) {
    return status == STATUS_PORT_DISCONNECTED || status == STATUS_OBJECT_NAME_NOT_FOUND ||
           status == STATUS_PORT_CONNECTION_REFUSED || status == STATUS_LPC_REPLY_LOST ||
           status == STATUS_UNSUCCESSFUL;
}

class ClientThread {
  public:
    ClientThread(Board& board, std::uint32_t number, std::uint32_t seed, std::uint32_t services,
                 std::uint32_t connections, const std::string& prefix)
        : board_(board), self_(board.clients[number]), prefix_(prefix), random_(seed) {
        for (std::uint32_t i = 0; i < connections; ++i) links_.push_back({.service = (seed + i) % services});
        legacy_.service = seed % services;
    }

    void run() {
        for (Link& link : links_) connect(link);
        while (!board_.clients_stop) {
            Link& link = links_[random_() % links_.size()];
            if (!link.port) {
                reconnect(link);
            } else if (!converse(link)) {
                lose(link);
            }
            if (random_() % 16 == 0) speak_legacy();
            if (random_() % 64 == 0) use_event_pair();
        }
        for (Link& link : links_) {
            if (link.port) say_bye(link);
        }
        if (legacy_.port) NtClose(legacy_.port);
    }

  private:
    struct Link {
        std::uint32_t service;
        HANDLE port = nullptr;
        std::uint32_t generation = 0;
        std::uint64_t sent = 0;
        std::uint64_t pushed = 0;  // received of them
        int event = -1;            // that shows whether there is something to receive
    };

    void complain(const Link& link, const std::string& what) {
        fail(board_, "a client of " + port_name(prefix_, link.service, false) + " " + what);
    }
    // False, and a complaint unless the service has been killed.
    bool good(const Link& link, NTSTATUS status, const char* what) {
        if (status == STATUS_SUCCESS) return true;
        const std::uint32_t now = board_.services[link.service].generation;
        const bool killed = now != link.generation || now % 2 != 0;
        if (!is_loss(status) || !killed) complain(link, std::string(what) + ": " + text_of(status));
        return false;
    }

    // Waits until the service takes connections.
    void connect(Link& link) {
        const Process& service = board_.services[link.service];
        wait_for_any({service.serves.descriptor(), board_.clients_stopped.descriptor()}, kForEver);
        if (board_.clients_stop) return;
        link.generation = service.generation;
        link.sent = link.pushed = 0;
        const NTSTATUS status = connect_port(port_name(prefix_, link.service, false), &link.port);
        if (status == STATUS_SUCCESS) {
            ++self_.open;
            board_.connected.set();
            if (random_() % 8 == 0) NtalpcOpenPortEvent(link.port, &link.event);
            return;
        }
        link.port = nullptr;
        if (!is_loss(status)) complain(link, "cannot connect: " + text_of(status));
    }
    // A service that is started anew is not there at once. While it is not, other connections are used.
    void reconnect(Link& link) {
        const bool idle = std::ranges::none_of(links_, [](const Link& other) { return other.port; });
        if (idle || board_.services[link.service].serves.is_set()) connect(link);
    }
    void lose(Link& link) {
        if (link.event >= 0) close(link.event);
        link.event = -1;
        NtClose(link.port);
        link.port = nullptr;
        --self_.open;
    }

    Body next(Link& link, Kind kind, std::uint32_t wanted = 0) {
        Body body{};
        body.kind = kind;
        body.number = ++link.sent;
        body.wanted = wanted;
        return body;
    }
    bool request(Link& link, const Body& body, std::size_t pattern,
                 ALPC_MESSAGE_ATTRIBUTES* attributes = nullptr) {
        question_.make(body, pattern);
        if (!good(link, ask(link.port, question_, attributes, answer_), "asks")) return false;
        Body answered{};
        if (!answer_.parse(&answered) || answered.number != body.number || answered.kind != body.kind)
            complain(link, "gets an answer to another question");
        return true;
    }

    // False when the connection is lost.
    bool converse(Link& link) {
        const std::uint32_t dice = random_() % 100;
        if (dice < 30) return request(link, next(link, Kind::request), random_() % 400);
        if (dice < 55) return send_datagrams(link);
        if (dice < 70) return send_requests(link);
        if (dice < 80) return want_pushes(link);
        if (dice < 84) return request(link, next(link, Kind::large), 4000 + random_() % 50000);
        if (dice < 89) return show_view(link);
        if (dice < 94) return pass_handle(link);
        if (dice < 98) return cancel(link);
        if (random_() % 4 == 0) say_bye(link);
        return true;
    }

    bool send_datagrams(Link& link) {
        for (std::uint32_t i = random_() % kMostAtOnce + 1; i > 0; --i) {
            question_.make(next(link, Kind::datagram), random_() % 200);
            if (!good(link, send(link.port, question_, ALPC_MSGFLG_RELEASE_MESSAGE), "sends")) return false;
        }
        return true;
    }

    bool send_requests(Link& link) {
        const std::uint32_t count = random_() % kMostAtOnce + 1;
        std::set<std::uint64_t> expected;
        for (std::uint32_t i = 0; i < count; ++i) {
            const Body body = next(link, Kind::later);
            expected.insert(body.number);
            question_.make(body, random_() % 200);
            if (!good(link, send(link.port, question_, 0), "sends a request")) return false;
        }
        while (!expected.empty()) {
            Body body{};
            if (!fetch(link, LPC_REPLY, &body)) return false;
            const bool in_order = has_several_threads(link.service) || body.number == *expected.begin();
            if (expected.erase(body.number) == 0 || !in_order) complain(link, "gets an answer out of turn");
        }
        return true;
    }

    bool want_pushes(Link& link) {
        const Body wish = next(link, Kind::push, random_() % kMostAtOnce + 1);
        question_.make(wish, 0);
        if (!good(link, send(link.port, question_, ALPC_MSGFLG_RELEASE_MESSAGE), "sends a wish"))
            return false;
        for (std::uint32_t i = 0; i < wish.wanted; ++i) {
            if (random_() % 4 == 0 && !await(link)) return false;
            Body body{};
            if (!fetch(link, LPC_DATAGRAM, &body)) return false;
            if (body.kind != Kind::push || body.number != ++link.pushed)
                complain(link, "receives datagram " + std::to_string(body.number) + " instead of " +
                                   std::to_string(link.pushed));
        }
        return true;
    }

    // Waits until there is something to receive, in one of the ways there are.
    bool await(Link& link) {
        if (link.event >= 0) {
            pollfd event{link.event, POLLIN, 0};
            if (poll(&event, 1, kPatience * 1000) != 1)
                complain(link, "waits for an event that does not come");
            return true;
        }
        LARGE_INTEGER time{};
        time.QuadPart = -10000000 * kPatience;
        return good(link, NtWaitForSingleObject(link.port, FALSE, &time), "waits for its port");
    }

    bool fetch(Link& link, int type, Body* body) {
        for (;;) {
            if (!good(link, receive(link.port, answer_, nullptr), "receives")) return false;
            // The notice that an earlier request was canceled, or that the service has ended.
            if (answer_.type() == LPC_CANCEL_MESSAGE) continue;
            if (answer_.type() != type || !answer_.parse(body))
                complain(link, "receives a message of type " + std::to_string(answer_.type()));
            return true;
        }
    }

    bool show_view(Link& link) {
        const Body body = next(link, Kind::view);
        ALPC_HANDLE section = nullptr;
        SIZE_T size = 0;
        Attributes attributes(ALPC_MESSAGE_VIEW_ATTRIBUTE);
        auto& view = attributes.part<ALPC_DATA_VIEW_ATTR>(ALPC_MESSAGE_VIEW_ATTRIBUTE);
        NTSTATUS status = NtAlpcCreatePortSection(link.port, 0, nullptr, kViewSize, &section, &size);
        if (status == STATUS_SUCCESS) {
            view = {0, section, nullptr, kViewSize};
            status = NtAlpcCreateSectionView(link.port, 0, &view);
        }
        if (!good(link, status, "makes a view")) return false;
        auto* const words = static_cast<std::uint64_t*>(view.ViewBase);
        words[0] = words[view.ViewSize / sizeof(*words) - 1] = body.number;
        view.Flags = ALPC_VIEWFLG_AUTO_RELEASE;
        attributes.get()->ValidAttributes = ALPC_MESSAGE_VIEW_ATTRIBUTE;
        return request(link, body, 0, attributes.get()) &&
               good(link, NtAlpcDeletePortSection(link.port, 0, section), "deletes a section");
    }

    bool pass_handle(Link& link) {
        const Body body = next(link, Kind::handle);
        int ends[2];
        HANDLE passed = nullptr;
        if (pipe(ends) != 0) return complain(link, "has no descriptors left"), false;
        const bool written = write(ends[1], &body.number, sizeof(body.number)) == sizeof(body.number);
        const NTSTATUS made = NtalpcHandleFromDescriptor(ends[0], &passed);
        for (const int end : ends) close(end);
        if (!written || !good(link, made, "makes a handle")) return false;
        Attributes attributes(ALPC_MESSAGE_HANDLE_ATTRIBUTE);
        auto& part = attributes.part<ALPC_HANDLE_ATTR>(ALPC_MESSAGE_HANDLE_ATTRIBUTE);
        part.Flags = ALPC_HANDLEFLG_DUPLICATE_SAME_ACCESS;
        part.Handle = passed;
        part.ObjectType = ALPC_PORFLG_OBJECT_TYPE_FILE;
        attributes.get()->ValidAttributes = ALPC_MESSAGE_HANDLE_ATTRIBUTE;
        const bool asked = request(link, body, 0, attributes.get());
        NtClose(passed);
        return asked;
    }

    // Whether the service has received it, and answered it, is a matter of chance.
    bool cancel(Link& link) {
        Body body{};
        body.kind = Kind::canceled;
        question_.make(body, 0);
        Attributes attributes(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
        attributes.get()->ValidAttributes = ALPC_MESSAGE_CONTEXT_ATTRIBUTE;
        if (!good(link, send(link.port, question_, 0, attributes.get()), "sends what it will cancel"))
            return false;
        auto& context = attributes.part<ALPC_CONTEXT_ATTR>(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
        const NTSTATUS status = NtAlpcCancelMessage(link.port, 0, &context);
        if (status == STATUS_SUCCESS || status == STATUS_MESSAGE_RETRIEVED) {
            ++board_.done[static_cast<std::size_t>(Kind::canceled)];
            return true;
        }
        // Too late: then the answer has to be fetched.
        Body answered{};
        return status == STATUS_PORT_DISCONNECTED ? good(link, status, "cancels")
                                                  : fetch(link, LPC_REPLY, &answered);
    }

    void say_bye(Link& link) {
        Body body = next(link, Kind::bye);
        body.told = link.pushed;
        request(link, body, 0);
        lose(link);
    }

    void speak_legacy() {
        Link& link = legacy_;
        if (!link.port) {
            link.generation = board_.services[link.service].generation;
            link.sent = 0;
            const NTSTATUS status = connect_legacy(port_name(prefix_, link.service, true), &link.port);
            if (status != STATUS_SUCCESS) {
                if (!is_loss(status)) complain(link, "cannot connect in the old way: " + text_of(status));
                link.port = nullptr;
                return;
            }
        }
        std::uint64_t answered = 0;
        const bool asked = good(link, ask_legacy(link.port, ++link.sent, &answered), "asks in the old way");
        if (asked && answered != link.sent) complain(link, "gets an old answer");
        if (asked && random_() % 256 != 0) return;
        NtClose(link.port);
        link.port = nullptr;
    }

    void use_event_pair() {
        HANDLE pair = nullptr;
        const bool good = NtCreateEventPair(&pair, SYNCHRONIZE, nullptr) == STATUS_SUCCESS &&
                          NtSetHighEventPair(pair) == STATUS_SUCCESS &&
                          NtWaitHighEventPair(pair) == STATUS_SUCCESS && NtClose(pair) == STATUS_SUCCESS;
        if (!good) fail(board_, "an event pair does not work");
        ++board_.done[static_cast<std::size_t>(Kind::event_pair)];
    }

    Board& board_;
    Process& self_;
    const std::string prefix_;
    std::minstd_rand random_;
    std::vector<Link> links_;
    Link legacy_{};
    Message question_, answer_;
};

}  // namespace

void run_client(Board& board, std::uint32_t number, std::uint32_t services, std::uint32_t connections,
                const std::string& prefix) {
    std::vector<std::thread> threads;
    for (std::uint32_t i = 0; i < kThreads; ++i) {
        const std::uint32_t seed = number * 977 + board.clients[number].generation * 31 + i * 7 + 1;
        threads.emplace_back([&, seed] {
            const std::uint32_t share = std::max(1U, connections / kThreads);
            ClientThread(board, number, seed, services, share, prefix).run();
        });
    }
    for (std::thread& thread : threads) thread.join();
}

}  // namespace ntalpc::load
