// SPDX-License-Identifier: LGPL-2.1-or-later
// A service: receives from all its clients at one port, with one thread or several, and keeps the account of
// what each has sent.
#include <unistd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "conformance/load/calls.h"
#include "conformance/load/legacy.h"
#include "ntalpc/status.h"

namespace ntalpc::load {

namespace {

// One connection.
struct Peer {
    std::mutex mutex;
    HANDLE port = nullptr;
    std::uint64_t arrived = 0;      // all numbers up to this one
    std::set<std::uint64_t> early;  // and these, which another thread was faster with
    std::uint64_t pushed = 0;
    bool said_bye = false;
};

// What a client that has been killed leaves behind.
bool is_gone(NTSTATUS status) {
    return status == STATUS_PORT_DISCONNECTED || status == STATUS_REQUEST_CANCELED ||
           status == STATUS_INVALID_MESSAGE;
}

class Service {
  public:
    Service(Board& board, std::uint32_t number, const std::string& prefix)
        : board_(board), number_(number), name_(port_name(prefix, number, false)) {}

    void run() {
        const NTSTATUS status = create_port(name_, false, &listener_);
        if (status != STATUS_SUCCESS) return complain("cannot create its port: " + text_of(status));
        board_.services[number_].serves.set();
        std::vector<std::thread> threads;
        for (int i = has_several_threads(number_) ? 3 : 1; i > 0; --i)
            threads.emplace_back([this] { serve(); });
        for (std::thread& thread : threads) thread.join();
        if (!peers_.empty())
            complain("was not told of the end of " + std::to_string(peers_.size()) + " connections");
        NtClose(listener_);
    }

  private:
    using PeerRef = std::shared_ptr<Peer>;
    void complain(const std::string& what) { fail(board_, name_ + " " + what); }

    // Ends when there is nothing to do for some time after all clients have gone.
    void serve() {
        Message message;
        Attributes attributes(ALPC_MESSAGE_CONTEXT_ATTRIBUTE | ALPC_MESSAGE_VIEW_ATTRIBUTE |
                              ALPC_MESSAGE_HANDLE_ATTRIBUTE);
        int idle = 0;
        for (;;) {
            const NTSTATUS status = receive(listener_, message, attributes.get(), 200);
            if (status == STATUS_TIMEOUT) {
                if (board_.services_stop && (all_gone() || ++idle == 5 * kPatience)) return;
                continue;
            }
            if (status != STATUS_SUCCESS) return complain("cannot receive: " + text_of(status));
            handle(message, attributes);
        }
    }
    bool all_gone() {
        const std::lock_guard lock(mutex_);
        return peers_.empty();
    }

    void handle(Message& message, Attributes& attributes) {
        switch (message.type()) {
            case LPC_CONNECTION_REQUEST:
                return accept(message);
            case LPC_CANCEL_MESSAGE:
                return;
            case LPC_PORT_CLOSED:
                return forget(attributes);
            case LPC_REQUEST:
            case LPC_DATAGRAM:
                break;
            default:
                return complain("receives a message of type " + std::to_string(message.type()));
        }
        Body body{};
        if (!message.parse(&body)) return complain("receives a message that nobody has sent");
        const PeerRef peer = find(attributes);
        if (!peer) {
            // Another thread may have been faster with the end of the connection.
            if (!has_several_threads(number_))
                complain("receives a message of a connection that it does not know");
            return;
        }
        if (body.kind != Kind::canceled) count(*peer, body);
        check_attachments(body, attributes);
        if (body.kind == Kind::push) return push(*peer, body);
        if (body.kind == Kind::bye) check_end(*peer, body);
        if (message.type() == LPC_REQUEST) reply(message, body, attributes);
    }

    std::uint64_t id_in(Attributes& attributes) {
        if (!attributes.has(ALPC_MESSAGE_CONTEXT_ATTRIBUTE)) return 0;
        const auto& context = attributes.part<ALPC_CONTEXT_ATTR>(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
        return reinterpret_cast<std::uintptr_t>(context.PortContext);
    }
    PeerRef find(Attributes& attributes) {
        const std::lock_guard lock(mutex_);
        const auto found = peers_.find(id_in(attributes));
        return found == peers_.end() ? nullptr : found->second;
    }

    void accept(Message& message) {
        const PeerRef peer = std::make_shared<Peer>();
        std::uint64_t id;
        {
            const std::lock_guard lock(mutex_);
            id = ++last_id_;
            peers_.emplace(id, peer);
        }
        const std::lock_guard lock(peer->mutex);
        ALPC_PORT_ATTRIBUTES attributes = port_attributes();
        const NTSTATUS status = NtAlpcAcceptConnectPort(
            &peer->port, listener_, 0, nullptr, &attributes,
            reinterpret_cast<PVOID>(static_cast<std::uintptr_t>(id)), message.get(), nullptr, 1);
        if (status == STATUS_SUCCESS) {
            ++board_.connections;
            return;
        }
        if (!is_gone(status)) complain("cannot accept: " + text_of(status));
        const std::lock_guard all(mutex_);
        peers_.erase(id);
    }

    void forget(Attributes& attributes) {
        PeerRef peer = find(attributes);
        if (!peer) return complain("is told of the end of a connection that it does not know");
        {
            const std::lock_guard lock(mutex_);
            peers_.erase(id_in(attributes));
        }
        const std::lock_guard lock(peer->mutex);
        if (!peer->said_bye) ++board_.abandoned;
        if (const NTSTATUS status = NtClose(peer->port); status != STATUS_SUCCESS)
            complain("cannot close a connection: " + text_of(status));
    }

    // With several threads the order is lost between the receive and here, but nothing may be so for long.
    void count(Peer& peer, const Body& body) {
        const std::lock_guard lock(peer.mutex);
        const std::size_t most_early = has_several_threads(number_) ? 100 : 0;
        const bool fresh = body.number > peer.arrived && peer.early.insert(body.number).second;
        if (!fresh) complain("receives message " + std::to_string(body.number) + " of a connection twice");
        while (!peer.early.empty() && *peer.early.begin() == peer.arrived + 1) {
            peer.early.erase(peer.early.begin());
            ++peer.arrived;
        }
        if (peer.early.size() > most_early) {
            complain("misses message " + std::to_string(peer.arrived + 1) + " when " +
                     std::to_string(body.number) + " comes");
            peer.arrived = *peer.early.rbegin();
            peer.early.clear();
        }
        ++board_.done[static_cast<std::size_t>(body.kind)];
    }

    // What was sent before the last request has been received before it, but perhaps not been counted.
    void check_end(Peer& peer, const Body& body) {
        const std::lock_guard lock(peer.mutex);
        peer.said_bye = true;
        if (peer.pushed != body.told)
            complain("sent " + std::to_string(peer.pushed) + " datagrams to a client that received " +
                     std::to_string(body.told));
    }

    void check_attachments(const Body& body, Attributes& attributes) {
        if (attributes.has(ALPC_MESSAGE_HANDLE_ATTRIBUTE)) {
            const HANDLE passed = attributes.part<ALPC_HANDLE_ATTR>(ALPC_MESSAGE_HANDLE_ATTRIBUTE).Handle;
            int descriptor = -1;
            std::uint64_t inside = 0;
            NtalpcDescriptorFromHandle(passed, &descriptor);
            if (read(descriptor, &inside, sizeof(inside)) != sizeof(inside) || inside != body.number)
                complain("gets a pipe that is not the one that was sent");
            close(descriptor);
            NtClose(passed);
        } else if (body.kind == Kind::handle) {
            complain("misses a handle");
        }
        if (attributes.has(ALPC_MESSAGE_VIEW_ATTRIBUTE)) {
            const auto& view = attributes.part<ALPC_DATA_VIEW_ATTR>(ALPC_MESSAGE_VIEW_ATTRIBUTE);
            const auto* const words = static_cast<const std::uint64_t*>(view.ViewBase);
            const std::size_t last = view.ViewSize / sizeof(*words) - 1;
            if (words[0] != body.number || words[last] != body.number) complain("sees another view");
        } else if (body.kind == Kind::view) {
            complain("misses a view");
        }
    }

    void push(Peer& peer, const Body& wish) {
        Message message;
        const std::lock_guard lock(peer.mutex);
        for (std::uint32_t i = 0; i < wish.wanted; ++i) {
            Body body{};
            body.kind = Kind::push;
            body.number = ++peer.pushed;
            message.make(body, body.number % 100);
            const NTSTATUS status = send(peer.port, message, ALPC_MSGFLG_RELEASE_MESSAGE);
            if (status != STATUS_SUCCESS) {
                if (!is_gone(status)) complain("cannot push: " + text_of(status));
                return;
            }
            ++board_.pushed;
        }
    }

    void reply(Message& message, const Body& body, Attributes& attributes) {
        const ULONG id = message.get()->MessageId;
        const bool view = attributes.has(ALPC_MESSAGE_VIEW_ATTRIBUTE);
        message.make(body, body.number % 64);
        message.get()->MessageId = id;
        Attributes releasing(ALPC_MESSAGE_VIEW_ATTRIBUTE);
        if (view) {
            releasing.get()->ValidAttributes = ALPC_MESSAGE_VIEW_ATTRIBUTE;
            releasing.part<ALPC_DATA_VIEW_ATTR>(ALPC_MESSAGE_VIEW_ATTRIBUTE) = {ALPC_VIEWFLG_UNMAP_EXISTING,
                                                                                nullptr, nullptr, 0};
        }
        const NTSTATUS status =
            send(listener_, message, ALPC_MSGFLG_RELEASE_MESSAGE, view ? releasing.get() : nullptr);
        if (status != STATUS_SUCCESS && !is_gone(status)) complain("cannot reply: " + text_of(status));
    }

    Board& board_;
    const std::uint32_t number_;
    const std::string name_;
    HANDLE listener_ = nullptr;
    std::mutex mutex_;
    std::map<std::uint64_t, PeerRef> peers_;
    std::uint64_t last_id_ = 0;
};

}  // namespace

void run_service(Board& board, std::uint32_t number, const std::string& prefix) {
    std::thread legacy([&] { run_legacy_service(board, number, prefix); });
    Service(board, number, prefix).run();
    legacy.join();
}

}  // namespace ntalpc::load
