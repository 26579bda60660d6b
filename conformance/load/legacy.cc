// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/load/legacy.h"

#include <map>
#include <memory>

#include "conformance/load/calls.h"
#include "ntalpc/status.h"

namespace ntalpc::load {

namespace {

struct LegacyMessage {
    PORT_MESSAGE header;
    std::uint64_t number;
    std::uint64_t spare[30];  // what a connection request may bring
};

void make(LegacyMessage* message, std::uint64_t number) {
    *message = {};
    message->header.u1.s1.DataLength = sizeof(message->number);
    message->header.u1.s1.TotalLength = sizeof(PORT_MESSAGE) + sizeof(message->number);
    message->number = number;
}

// One client of the service.
struct Peer {
    HANDLE port = nullptr;
    std::uint64_t arrived = 0;
};

class LegacyService {
  public:
    LegacyService(Board& board, const std::string& name) : board_(board), name_(name) {}

    void run() {
        if (const NTSTATUS status = create_port(name_, true, &listener_); status != STATUS_SUCCESS)
            return complain("cannot create its port: " + text_of(status));
        int idle = 0;
        LegacyMessage message;
        while (!board_.services_stop || (!peers_.empty() && idle < 5 * kPatience)) {
            LARGE_INTEGER time{};
            time.QuadPart = -2000000;
            PVOID context = nullptr;
            const NTSTATUS status =
                NtReplyWaitReceivePortEx(listener_, &context, nullptr, &message.header, &time);
            if (status == STATUS_TIMEOUT) {
                if (board_.services_stop) ++idle;
            } else if (status != STATUS_SUCCESS) {
                return complain("cannot receive: " + text_of(status));
            } else {
                handle(static_cast<Peer*>(context), message);
            }
        }
        if (!peers_.empty())
            complain("was not told of the end of " + std::to_string(peers_.size()) + " clients");
        NtClose(listener_);
    }

  private:
    void complain(const std::string& what) { fail(board_, name_ + " " + what); }

    void handle(Peer* peer, LegacyMessage& message) {
        switch (message.header.u2.s2.Type & 0xFF) {
            case LPC_CONNECTION_REQUEST:
                return accept(message);
            case LPC_PORT_CLOSED:
                NtClose(peer->port);
                peers_.erase(peer);
                return;
            case LPC_REQUEST:
                break;
            default:
                return complain("receives a message of type " + std::to_string(message.header.u2.s2.Type));
        }
        if (message.number != ++peer->arrived)
            complain("receives message " + std::to_string(message.number) + " instead of " +
                     std::to_string(peer->arrived));
        ++board_.done[static_cast<std::size_t>(Kind::legacy)];
        // The client may have been killed.
        const NTSTATUS status = NtReplyPort(peer->port, &message.header);
        if (status != STATUS_SUCCESS && status != STATUS_REPLY_MESSAGE_MISMATCH &&
            status != STATUS_INVALID_CID && status != STATUS_PORT_DISCONNECTED)
            complain("cannot reply: " + text_of(status));
    }

    void accept(LegacyMessage& request) {
        auto peer = std::make_unique<Peer>();
        const NTSTATUS status =
            NtAcceptConnectPort(&peer->port, peer.get(), &request.header, TRUE, nullptr, nullptr);
        if (status != STATUS_SUCCESS) {
            if (status != STATUS_REPLY_MESSAGE_MISMATCH && status != STATUS_INVALID_CID)
                complain("cannot accept: " + text_of(status));
            return;
        }
        NtCompleteConnectPort(peer->port);
        Peer* const key = peer.get();
        peers_.emplace(key, std::move(peer));
    }

    Board& board_;
    const std::string name_;
    HANDLE listener_ = nullptr;
    std::map<Peer*, std::unique_ptr<Peer>> peers_;
};

}  // namespace

void run_legacy_service(Board& board, std::uint32_t number, const std::string& prefix) {
    LegacyService(board, port_name(prefix, number, true)).run();
}

NTSTATUS ask_legacy(HANDLE port, std::uint64_t number, std::uint64_t* answered) {
    LegacyMessage question, answer{};
    make(&question, number);
    const NTSTATUS status = NtRequestWaitReplyPort(port, &question.header, &answer.header);
    *answered = answer.number;
    return status;
}

}  // namespace ntalpc::load
