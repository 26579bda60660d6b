// SPDX-License-Identifier: LGPL-2.1-or-later
// All channels: who of whom there are, and how they end.
#include <algorithm>

#include "server/channel.h"
#include "server/log.h"
#include "server/trace_points.h"

namespace ntalpc::server {

namespace {

// Processes of another pid namespace may all have the id 0 here.
std::uint64_t process_key(const PeerCredentials& peer) {
    return std::uint64_t{peer.user} << 32 | peer.process;
}

}  // namespace

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
    change(users_, peer.user, 1);
    count_unregistered(peer, 1);
    channels_.push_back(std::move(channel));
}

std::size_t ChannelTable::count_in(const Counts& counts, std::uint64_t key) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
}

void ChannelTable::change(Counts& counts, std::uint64_t key, int by) {
    std::size_t& count = counts[key];
    count += static_cast<std::size_t>(by);
    if (count == 0) counts.erase(key);
}

std::size_t ChannelTable::count_of(std::uint32_t user) const {
    return count_in(users_, user);
}

void ChannelTable::count_unregistered(const PeerCredentials& peer, int by) {
    change(unregistered_of_process_, process_key(peer), by);
    change(unregistered_of_user_, peer.user, by);
}

bool ChannelTable::too_many_unregistered(const PeerCredentials& peer, const Limits& limits) const {
    return count_in(unregistered_of_process_, process_key(peer)) >= limits.process.registrations ||
           count_in(unregistered_of_user_, peer.user) >= limits.user.registrations;
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
        change(users_, last->peer().user, -1);
        if (!last->process()) count_unregistered(last->peer(), -1);
        channels_.erase(found);
    }
}

}  // namespace ntalpc::server
