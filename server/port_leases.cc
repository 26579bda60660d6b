// SPDX-License-Identifier: LGPL-2.1-or-later
// What a port has to do with leases.
#include <vector>

#include "server/port.h"
#include "server/waits.h"

namespace ntalpc::server {

const char* Port::lease_obstacle() const {
    if (forbids_leases_) return forbids_leases_;
    if (lpc()) return "a legacy port";
    if (flags() & ALPC_PORFLG_WAITABLE_PORT) return "its handles are waited for";
    if (pool_) return "it has a limit on what is under way";
    if (list_) return "it has a completion list";
    return nullptr;
}

void Port::forbid_leases(const char* reason) {
    forbids_leases_ = reason;
    drop_leases(reason);
}

void Port::used_by(const Process& process) {
    if (process.shared_facts() != owner_) forbid_leases("several processes have it");
}

void Port::take_back_leases(const char* reason) {
    if (connection_) return connection_->take_back_lease(reason);
    const std::vector<Ref<Connection>> all(connections_.begin(), connections_.end());
    for (const auto& connection : all) connection->take_back_lease(reason);
}

// Those too that only one side has taken part in: it would go on waiting for both ways.
void Port::drop_leases(const char* reason) {
    if (connection_) return connection_->drop_lease(reason);
    const std::vector<Ref<Connection>> all(connections_.begin(), connections_.end());
    for (const auto& connection : all) connection->drop_lease(reason);
}

void Port::lease_opened() {
    ++open_leases_;
    readiness_changed();
    look_at_leases();
}

void Port::lease_ended() {
    --open_leases_;
    watch_.count_ended();
    readiness_changed();
}

bool Port::may_get_by_lease() const {
    if (!connection_) return open_leases_ != 0;
    return kind_ == Kind::client && connection_->has_lease();
}

std::uint32_t Port::sent() const {
    return connection_ ? sequence_ + connection_->leased_messages(side()) : sequence_;
}

void Port::look_at_leases() {
    while (!receivers_.empty()) receivers_.front()->look_at_leases();
}

std::int32_t Port::watch(const Ref<QuotaAccount>& payer, UniqueFd* page, UniqueFd* event) {
    return watch_.open(payer, waiting_since(), page, event);
}

// Messages that came before anybody watched do not say when. Without a lease there is nothing to watch for:
// the threads that did are to wait here.
std::int64_t Port::waiting_since() const {
    if (open_leases_ == 0) return 1;
    if (!queue_.empty()) return std::max<std::int64_t>(1, queue_.front().queued_at());
    return closed_ || receive_status() != 0 ? 1 : 0;
}

}  // namespace ntalpc::server
