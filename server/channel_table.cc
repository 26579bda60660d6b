// SPDX-License-Identifier: LGPL-2.1-or-later
// All channels: who of whom there are, and how they end.
#include <algorithm>

#include "server/channel.h"
#include "server/log.h"
#include "server/trace_points.h"

namespace ntalpc::server {

ChannelTable::~ChannelTable() {
    for (const auto& channel : channels_) drop(*channel);
    collect();
}

void ChannelTable::add(UniqueFd socket, const PeerCredentials& peer) {
    auto channel = std::make_unique<Channel>(*this, kernel_, std::move(socket), peer);
    if (!channel->watch(loop_)) {
        log(LogLevel::always, "no resources to watch process %u; it is dropped", peer.process);
        return;
    }
    ++users_[peer.user];
    channels_.push_back(std::move(channel));
}

std::size_t ChannelTable::count_of(std::uint32_t user) const {
    const auto found = users_.find(user);
    return found == users_.end() ? 0 : found->second;
}

void ChannelTable::drop(Channel& channel) {
    if (std::find(dropped_.begin(), dropped_.end(), &channel) == dropped_.end()) dropped_.push_back(&channel);
}

void ChannelTable::drop_client(Channel& offender, const char* rule) {
    const Process* const process = offender.process();
    log(LogLevel::always, "dropped process %u (%s): %s", process ? process->facts().unix_process : 0,
        process ? process->facts().image_path.c_str() : "not registered", rule);
    if (process) NTALPC_TRACE(client_dropped(process->facts(), rule));
    drop(offender);
    if (!process) return;
    for (const auto& channel : channels_) {
        if (channel->process() == process) drop(*channel);
    }
}

bool ChannelTable::idle() const {
    return std::ranges::all_of(channels_, [](const auto& channel) {
        const Process* const process = channel->process();
        return process && process->is_keeper();
    });
}

void ChannelTable::collect() {
    // Destroying a thread may complete others and make their answers fail, which adds to the list.
    while (!dropped_.empty()) {
        Channel* const dead = dropped_.front();
        dropped_.pop_front();
        const auto found =
            std::find_if(channels_.begin(), channels_.end(), [&](auto& c) { return c.get() == dead; });
        if (found == channels_.end()) continue;
        std::unique_ptr<Channel> last = std::move(*found);
        if (--users_[last->user()] == 0) users_.erase(last->user());
        channels_.erase(found);
    }
}

}  // namespace ntalpc::server
