// SPDX-License-Identifier: LGPL-2.1-or-later
// When a connection has a lease, and how it ends.
#include <algorithm>
#include <new>

#include "ntalpc/message_path.h"
#include "server/connection.h"
#include "server/kernel.h"
#include "server/log.h"
#include "server/port.h"
#include "server/tracer.h"

namespace ntalpc::server {

namespace {

// Each time that a lease had to be taken back it takes more messages until there is another one.
constexpr std::uint32_t kLastThreshold = 1 << 20;

// So many messages a receiver gets through before a client that finds its lease full gives up.
constexpr std::size_t kFarBehind = 16;

MessagePath path_of(const ProcessFacts& process) {
    return static_cast<MessagePath>(process.path);
}

}  // namespace

const char* Connection::lease_obstacle() const {
    const Port* const client = ports_[static_cast<std::size_t>(Side::client)];
    const Port* const server = ports_[static_cast<std::size_t>(Side::server)];
    if (state_ != State::accepted || !listener_ || !client || !server) return "it is not established";
    const ProcessFacts& owner = listener_->owner();
    if (path_of(*client_facts_) == MessagePath::mediated || path_of(owner) == MessagePath::mediated)
        return "a process does not want it";
    if (client_facts_->unix_user != owner.unix_user) return "the processes are of two users";
    if (tracer().on() || log_enabled(LogLevel::messages)) return "messages are being recorded";
    for (const Port* const port : std::initializer_list<const Port*>{listener_, client, server}) {
        if (const char* const obstacle = port->lease_obstacle()) return obstacle;
    }
    return nullptr;
}

std::string Connection::path_reason() const {
    if (has_lease()) return "both processes have taken a lease";
    if (const char* const obstacle = lease_obstacle()) return obstacle;
    if (lease_) return "a lease is offered";
    std::string reason = "a lease is offered after " + std::to_string(lease_threshold_) + " messages";
    if (lease_ended_because_) reason += std::string("; the last one ended: ") + lease_ended_because_;
    return reason;
}

bool Connection::has_lease() const {
    return lease_ && lease_->stage() == Lease::Stage::held;
}

bool Connection::prefers_lease() const {
    return !lease_was_unusable_ && (path_of(*client_facts_) == MessagePath::direct ||
                                    path_of(listener_->owner()) == MessagePath::direct);
}

bool Connection::lease_is_due() const {
    return plain_messages_ >= lease_threshold_ || prefers_lease();
}

// What comes from a lease finds its place behind the datagrams that wait here, by its time, and nothing comes
// back for those. But a lease fills up at once when its receiver is far behind.
bool Connection::quiet(std::size_t apart_from) const {
    return messages_.size() - datagrams_ <= apart_from && datagrams_ < kFarBehind;
}

std::uint32_t Connection::offer_lease(Side side) {
    if (lease_obstacle()) return 0;
    if (!lease_ && (side == Side::server || prefers_lease()) && lease_is_due())
        lease_ = Lease::make(kernel_, *this);
    if (!lease_) return 0;
    if (side == Side::server) {
        const bool wanted =
            lease_->stage() == Lease::Stage::offered && kernel_.leases.may_open(*client_facts_);
        return wanted ? lease_->number() + 1 : 0;
    }
    // The message that the client is just getting is as good as over.
    constexpr std::size_t answered = 1;
    if (!quiet(answered)) return 0;
    // A client that wants it from the first message on asks until the server process has taken part.
    const bool now = lease_->stage() == Lease::Stage::open;
    const bool soon = lease_->stage() == Lease::Stage::offered && prefers_lease();
    return now || soon ? lease_->number() + 1 : 0;
}

// Threads that wait at the server for what may now come by the lease are to wait for both.
void Connection::lease_taken(Side side) {
    if (side == Side::server) {
        listener_->lease_opened();
    } else {
        ports_[static_cast<std::size_t>(Side::client)]->look_at_leases();
    }
}

void Connection::lease_is_unusable() {
    lease_was_unusable_ = true;
    drop_lease("a process had no memory or descriptors for it");
}

void Connection::take_back_lease(const char* reason) {
    if (has_lease()) drop_lease(reason);
}

void Connection::drop_lease(const char* reason) {
    if (!lease_) return;
    const Ref<Connection> alive(this);
    const LogAbout about = about_client();
    const std::unique_ptr<Lease> lease = std::move(lease_);
    lease_ended_because_ = reason;
    plain_messages_ = 0;
    lease_threshold_ = std::min(lease_threshold_ * 4, kLastThreshold);
    const Ref<Port> listener(lease->stage() == Lease::Stage::offered ? nullptr : listener_);
    log(LogLevel::connections, "connection %llu of process %04llx (%s) goes through the server: %s",
        static_cast<unsigned long long>(serial_), static_cast<unsigned long long>(client_facts_->id),
        client_facts_->image_path.c_str(), reason);
    try {
        if (!lease->end()) garbage_in_lease();
    } catch (const std::bad_alloc&) {
        log(LogLevel::always, "out of memory when a lease was taken back: its connection ends");
        end(Side::client, STATUS_PORT_DISCONNECTED);
    }
    if (listener) listener->lease_ended();
}

// Which of the two wrote it cannot be told for certain, and does not matter: they are cut off from each
// other.
void Connection::garbage_in_lease() {
    const LogAbout about = about_client();
    log(LogLevel::always,
        "connection %llu of process %04llx (%s) ends: there is garbage in its shared memory",
        static_cast<unsigned long long>(serial_), static_cast<unsigned long long>(client_facts_->id),
        client_facts_->image_path.c_str());
    end(Side::client, STATUS_PORT_DISCONNECTED);
}

void Connection::count_leased(std::uint32_t received_by_server, std::uint32_t sent_by_client,
                              std::uint32_t sent_by_server) {
    sequence_[static_cast<std::size_t>(Side::server)] += received_by_server;
    sequence_[static_cast<std::size_t>(Side::client)] += sent_by_server;
    if (Port* const client = ports_[static_cast<std::size_t>(Side::client)])
        client->count_sent(sent_by_client);
    if (listener_) listener_->count_sent(sent_by_server);
}

// A lease carries only what is sent by a thread that acts as its process.
MessageSecurity Connection::security_in_lease(Side from, const TokenRef& token) const {
    MessageSecurity security;
    security.token = token;
    if (from == Side::server || !impersonable_) return security;
    security.quality = quality_;
    security.impersonable = true;
    if (tracked_token_) security.token = tracked_token_;
    return security;
}

}  // namespace ntalpc::server
