// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/port_wait.h"

#include <algorithm>

#include "ntalpc/status.h"

namespace ntalpc::server {

std::optional<std::uint32_t> find_signalled(const std::vector<WatchedPort>& ports, bool all) {
    const auto signalled = [](const WatchedPort& watched) {
        return watched.port->signalled(watched.list_posts);
    };
    if (all) {
        if (!std::all_of(ports.begin(), ports.end(), signalled)) return std::nullopt;
        return 0;
    }
    const auto found = std::find_if(ports.begin(), ports.end(), signalled);
    if (found == ports.end()) return std::nullopt;
    return static_cast<std::uint32_t>(found - ports.begin());
}

PortWait::PortWait(Thread& thread, std::vector<WatchedPort> ports, bool all)
    : Wait(thread), ports_(std::move(ports)), all_(all) {
    places_.reserve(ports_.size());
    for (const auto& watched : ports_) {
        auto& watchers = watched.port->watchers();
        places_.push_back(watchers.insert(watchers.end(), this));
    }
}

PortWait::~PortWait() {
    for (std::size_t i = 0; i < places_.size(); ++i) ports_[i].port->watchers().erase(places_[i]);
}

bool PortWait::finish_if_satisfied() {
    const auto found = find_signalled(ports_, all_);
    if (!found) return false;
    const auto self = thread().unpark();
    wire::WaitPorts::Reply reply;
    reply.index = *found;
    thread().reply<wire::WaitPorts>(STATUS_SUCCESS, reply);
    return true;
}

}  // namespace ntalpc::server
