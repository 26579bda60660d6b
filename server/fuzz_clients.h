// SPDX-License-Identifier: LGPL-2.1-or-later
// For requests_fuzz.cc: the emulated kernel in this process, its clients, and the promises that the server
// makes about every answer and about what is left when all clients are gone.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstring>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include "fuzz/input.h"
#include "generated/protocol_fields.h"
#include "ntalpc/status.h"
#include "server/capability.h"
#include "server/dispatch.h"
#include "server/kernel.h"
#include "server/log.h"
#include "server/termination.h"

namespace ntalpc::server::fuzz {

using ntalpc::fuzz::Input;
using ntalpc::fuzz::require;

// ---- What is fed back ----

// The last numbers that came in answers under one name.
class Answers {
  public:
    void add(std::uint64_t value) {
        if (value != 0) values_[count_++ % values_.size()] = value;
    }
    // 0 is the last one; 0 when there is none.
    std::uint64_t back(std::size_t distance) const {
        const std::size_t known = std::min(count_, values_.size());
        return known == 0 ? 0 : values_[(count_ - 1 - distance % known) % values_.size()];
    }

  private:
    std::array<std::uint64_t, 8> values_{};
    std::size_t count_ = 0;
};

// The names that requests and answers have in common; a name counts by what stands behind its last dot.
inline constexpr std::array<std::string_view, 16> kFedBack = {
    "handle",          "message_id",      "callback_id", "process_id",       "thread_id", "view",
    "section",         "resource_id",     "context",     "security_context", "order",     "port_context",
    "unmapped_serial", "restored_serial", "token_id",    "message_context"};
inline constexpr std::size_t kHandles = 0;
inline constexpr std::size_t kNotFedBack = kFedBack.size();

inline std::size_t answers_for(std::string_view field) {
    const auto dot = field.rfind('.');
    if (dot != field.npos) field.remove_prefix(dot + 1);
    if (field == "view_section") field = "section";
    if (field == "security_context") field = "context";
    const auto found = std::ranges::find(kFedBack, field);
    return static_cast<std::size_t>(found - kFedBack.begin());
}

// The same for all fields of all requests and answers, in their order: looked up once.
struct FedBackPlaces {
    std::array<std::vector<std::size_t>, wire::kCodeCount> requests, replies;
    static const FedBackPlaces& instance() {
        static const FedBackPlaces all = [] {
            FedBackPlaces made;
            for (std::size_t code = 0; code < wire::kCodeCount; ++code) {
                const wire::RequestInfo& info = wire::kRequestInfos[code];
                for (const auto& field : info.request.fields)
                    made.requests[code].push_back(answers_for(field.name));
                for (const auto& field : info.reply.fields)
                    made.replies[code].push_back(answers_for(field.name));
            }
            return made;
        }();
        return all;
    }
};

// ---- Handles ----

// Sockets are what takes longest to make, and their numbers are all that the kernel wants to see of them.
class ReusedSockets final : public CapabilityMaker {
  public:
    std::int32_t make(Handle& handle, UniqueFd*) override {
        if (broken || next_ == sockets().size()) return STATUS_INSUFFICIENT_RESOURCES;
        handle.peer_cookie = sockets()[next_++].cookie;
        ++made_;
        return STATUS_SUCCESS;
    }
    void unmake(Handle&) override { --made_; }
    std::size_t made() const { return made_; }
    UniqueFd client_end(const Handle& handle) const {
        for (const Socket& socket : sockets()) {
            if (socket.cookie == handle.peer_cookie) return UniqueFd(dup(socket.client_end.get()));
        }
        return {};
    }
    bool broken = false;

  private:
    struct Socket {
        UniqueFd client_end, server_end;
        std::uint64_t cookie = 0;
    };
    static const std::array<Socket, 64>& sockets() {
        static const std::array<Socket, 64> all = [] {
            std::array<Socket, 64> made;
            for (Socket& socket : made) {
                require(make_socket_pair(&socket.client_end, &socket.server_end), "there are sockets");
                socket.cookie = socket_cookie(socket.client_end.get());
            }
            return made;
        }();
        return all;
    }
    std::size_t next_ = 0;
    std::size_t made_ = 0;
};

// ---- Clients ----

struct Client {
    Ref<Process> process;
    Ref<QuotaAccount> account;
    std::array<Answers, kFedBack.size()> answers;
    std::set<std::uint64_t> handles;  // it has descriptors of these
    unsigned number = 0;
};

class ClientThread final : public ReplySink {
  public:
    ClientThread(Kernel& kernel, Client& client, std::uint64_t id)
        : kernel_(kernel), client_(client), thread_(std::make_unique<Thread>(client.process, id, 0, *this)) {
        kernel.add_thread(*thread_);
    }
    ~ClientThread() override { server::end_thread(kernel_, std::move(thread_)); }

    Client& client() const { return client_; }
    Thread& thread() const { return *thread_; }
    bool waits() const { return thread_->outstanding(); }

    const char* send_packet(std::uint16_t code, wire::Bytes body, std::span<UniqueFd> descriptors) {
        const wire::PacketHeader header{.size = static_cast<std::uint32_t>(sizeof(header) + body.size()),
                                        .code = code,
                                        .serial = ++serial_};
        if (!thread_->outstanding()) {
            expected_ = serial_;
            answered_ = false;
        }
        return dispatch(kernel_, *thread_, header, body, descriptors);
    }

    void send(std::span<const wire::Bytes> pieces, std::span<const UniqueFd> descriptors) override {
        packet_.clear();
        for (const wire::Bytes piece : pieces) packet_.insert(packet_.end(), piece.begin(), piece.end());
        wire::PacketHeader header;
        require(packet_.size() >= sizeof(header) && packet_.size() <= wire::kMaxPacket, "an answer fits");
        std::memcpy(&header, packet_.data(), sizeof(header));
        require(header.size == packet_.size(), "an answer is as long as it says");
        require(header.code < wire::kCodeCount, "an answer is to a request");
        const wire::BodyInfo& info = wire::kRequestInfos[header.code].reply;
        require(descriptors.size() <= info.descriptors.most, "no more descriptors than the protocol says");
        if (log_enabled(LogLevel::requests))
            log(LogLevel::requests, "  %s: %s, %zu descriptors", wire::code_name(header.code),
                status_text(header.status).c_str(), descriptors.size());
        const wire::Bytes body = wire::Bytes(packet_).subspan(sizeof(header));
        const auto code = static_cast<wire::Code>(header.code);
        if (code != wire::Code::serve_views && code != wire::Code::serve_data)
            require(header.serial == expected_ && !std::exchange(answered_, true),
                    "one answer to one request");
        if (body.empty() && info.size != 0)
            return require(descriptors.empty(), "no descriptors without a body");
        check_sizes(info, body);
        remember(header.code, info, body);
        if (!descriptors.empty() || code == wire::Code::adopt_handle) note_handle(info, body);
    }

  private:
    static void check_sizes(const wire::BodyInfo& info, wire::Bytes body) {
        require(body.size() >= info.size, "an answer is whole");
        std::size_t total = info.size;
        for (const wire::BlobInfo& blob : info.blobs) total += number_at(body, blob.size_offset, 4);
        require(total == body.size(), "the sizes in an answer add up");
    }
    static std::uint64_t number_at(wire::Bytes body, std::size_t offset, std::size_t size) {
        std::uint64_t value = 0;
        std::memcpy(&value, body.data() + offset, size);
        return value;
    }
    void remember(std::uint16_t code, const wire::BodyInfo& info, wire::Bytes body) {
        const auto& places = FedBackPlaces::instance().replies[code];
        for (std::size_t i = 0; i < places.size(); ++i) {
            const wire::FieldInfo& field = info.fields[i];
            if (places[i] != kNotFedBack)
                client_.answers[places[i]].add(number_at(body, field.offset, field.size));
        }
    }
    void note_handle(const wire::BodyInfo& info, wire::Bytes body) {
        if (info.fields.empty() || info.fields[0].name != std::string_view("handle")) return;
        client_.handles.insert(number_at(body, info.fields[0].offset, info.fields[0].size));
    }

    Kernel& kernel_;
    Client& client_;
    std::vector<std::byte> packet_;
    std::uint32_t serial_ = 0;
    std::uint32_t expected_ = 0;
    bool answered_ = false;
    std::unique_ptr<Thread> thread_;
};

}  // namespace ntalpc::server::fuzz
