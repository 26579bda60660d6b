// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/leases.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

#include "core/immortal.h"
#include "ntalpc/status.h"

namespace ntalpc::core {

MessagePath chosen_path() {
    static const MessagePath chosen = [] {
        const char* const text = std::getenv("NTALPC_PATH");
        const std::string_view path = text ? text : "";
        if (path == "mediated") return MessagePath::mediated;
        if (path == "direct") return MessagePath::direct;
        if (!path.empty() && path != "auto") {
            const std::string line =
                "NTALPC_PATH is " + std::string(path) + ", not mediated, direct or auto; it counts as auto";
            host::log(host::LogLevel::error, line.c_str());
        }
        return MessagePath::automatic;
    }();
    return chosen;
}

namespace {

// Another number after each change of anybody's leases, also those of a parent process.
std::atomic<std::uint64_t> changes{1};

Immortal<Leases>& only() {
    static Immortal<Leases> made;
    return made;
}

}  // namespace

Leases& Leases::instance() {
    return *only();
}

// The call that brought the offer is done and must not fail any more; without memory the offer is forgotten,
// and made again with a later answer.
void Leases::offered(const PortKey& port, std::uint32_t lease) noexcept try {
    if (lease == 0 || lease == kLookAtLeases) return;
    const std::unique_lock lock(mutex_);
    Entry& entry = entries_[port];
    if (std::ranges::find(entry.offers, lease - 1) == entry.offers.end()) entry.offers.push_back(lease - 1);
    changed();
} catch (const std::bad_alloc&) {
}

PortLeases Leases::at(CallScope& scope, const PortKey& port) {
    if (count_.load(std::memory_order_relaxed) == 0) return {};
    bool offered = false;
    PortLeases found = look(scope.channel(), port, &offered);
    if (!offered) return found;
    take_part(scope, port);
    return look(scope.channel(), port, &offered);
}

PortLeases Leases::look(Channel& channel, const PortKey& port, bool* offered) {
    *offered = false;
    Channel::LastLeases& last = channel.last_leases;
    const std::uint64_t now = changes;
    if (last.changes == now && last.port == port.handle) return {last.client.lock(), last.leased_port.lock()};
    const std::shared_lock lock(mutex_);
    const auto found = entries_.find(port);
    PortLeases leases;
    if (found != entries_.end()) {
        *offered = !found->second.offers.empty();
        leases = found->second.leases;
    }
    if (!*offered) last = {now, port.handle, leases.client, leases.port};
    return leases;
}

void Leases::changed() {
    count_ = entries_.size();
    ++changes;
}

bool Leases::wait_for(const PortKey& port) {
    const std::lock_guard wait(taking_part_);
    const std::shared_lock lock(mutex_);
    const auto found = entries_.find(port);
    return found != entries_.end() && (found->second.leases.client || found->second.leases.port);
}

void Leases::take_part(CallScope& scope, const PortKey& port) {
    const std::lock_guard taking_part(taking_part_);
    std::vector<std::uint32_t> offers;
    {
        const std::unique_lock lock(mutex_);
        const auto found = entries_.find(port);
        if (found != entries_.end()) offers.swap(found->second.offers);
        changed();
    }
    for (const std::uint32_t number : offers) {
        NTSTATUS status = STATUS_NO_MEMORY;
        // The call that this is a part of needs no lease.
        try {
            status = take_offer(scope, number);
        } catch (const std::bad_alloc&) {
            release(scope, port.handle, number + 1);
        }
        if (status == STATUS_RETRY && chosen_path() == MessagePath::direct) offered(port, number + 1);
    }
}

// An offer that comes to nothing is made again with a later answer. STATUS_RETRY: it is too early.
NTSTATUS Leases::take_offer(CallScope& scope, std::uint32_t number) {
    wire::TakeLease::Request request;
    wire::TakeLease::Reply reply;
    wire::TakeLease::ReplyBlobs blobs;
    std::array<UniqueFd, 3> descriptors;
    request.lease = number;
    const NTSTATUS status =
        scope.call<wire::TakeLease>(Blocking::no, request, {}, &reply, &blobs, descriptors);
    if (status != STATUS_SUCCESS) return status;
    if (join(scope, number, reply, std::move(descriptors))) return STATUS_SUCCESS;
    release(scope, reply.port, number + 1);
    return STATUS_INSUFFICIENT_RESOURCES;
}

// When the server is gone there is nothing to release.
void Leases::release(CallScope& scope, std::uint64_t handle, std::uint32_t lease) {
    wire::ReleaseLeases::Request request;
    wire::ReleaseLeases::Reply reply;
    wire::ReleaseLeases::ReplyBlobs blobs;
    request.handle = handle;
    request.lease = lease;
    scope.call<wire::ReleaseLeases>(Blocking::no, request, {}, &reply, &blobs);
}

bool Leases::join(CallScope& scope, std::uint32_t number, const wire::TakeLease::Reply& facts,
                  std::array<UniqueFd, 3> descriptors) {
    const PortKey key{scope.channel().generation(), facts.port};
    auto memory = LeaseMemory::map(number, facts.is_server ? lease::Owner::server : lease::Owner::client,
                                   descriptors[0], descriptors[1]);
    if (!memory || !descriptors[2]) return false;
    if (!facts.is_server) {
        const std::unique_lock lock(mutex_);
        entries_[key].leases.client =
            std::make_shared<ClientLease>(std::move(memory), std::move(descriptors[2]), facts);
        changed();
        return true;
    }
    std::shared_ptr<LeasedPort> port;
    {
        const std::shared_lock lock(mutex_);
        const auto found = entries_.find(key);
        if (found != entries_.end()) port = found->second.leases.port;
    }
    if (!port) port = LeasedPort::watch(scope, facts.port);
    if (!port) return false;
    if (!port->add(std::make_shared<ServerLease>(std::move(memory), std::move(descriptors[2]), facts)))
        return false;
    const std::unique_lock lock(mutex_);
    entries_[key].leases.port = std::move(port);
    changed();
    return true;
}

void Leases::forget(const PortKey& port, const ClientLease& lease) {
    const std::unique_lock lock(mutex_);
    const auto found = entries_.find(port);
    if (found == entries_.end() || found->second.leases.client.get() != &lease) return;
    if (found->second.offers.empty()) {
        entries_.erase(found);
    } else {
        found->second.leases.client.reset();
    }
    changed();
}

// A thread that takes part in a lease adds it to the port before it enters the port here, so that one of the
// two sees what the other has done.
void Leases::forget_idle(const PortKey& port) {
    const std::unique_lock lock(mutex_);
    const auto found = entries_.find(port);
    if (found == entries_.end() || !found->second.leases.port || !found->second.leases.port->idle()) return;
    found->second.leases.port.reset();
    if (found->second.offers.empty()) entries_.erase(found);
    changed();
}

void Leases::handle_closes(HANDLE handle) {
    if (count_.load(std::memory_order_relaxed) == 0) return;
    CallScope scope;
    PortKey port;
    if (scope.connect(handle, &port.handle) != STATUS_SUCCESS) return;
    port.generation = scope.channel().generation();
    {
        const std::unique_lock lock(mutex_);
        if (entries_.erase(port) == 0) return;
        changed();
    }
    release(scope, port.handle);
}

void Leases::forget_after_fork() {
    only().renew();
    ++changes;
}

}  // namespace ntalpc::core
