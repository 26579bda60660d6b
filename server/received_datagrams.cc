// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/received_datagrams.h"

#include <algorithm>

namespace ntalpc::server {

namespace {

bool same(const MessageSender& one, const MessageSender& other) {
    const MessageSecurity &mine = one.security, &its = other.security;
    return one.thread_id == other.thread_id && one.process == other.process &&
           mine.token.get() == its.token.get() && mine.impersonable == its.impersonable &&
           mine.quality == its.quality && mine.context.get() == its.context.get() &&
           mine.context_handle == its.context_handle;
}

}  // namespace

void ReceivedDatagrams::add(std::uint32_t id, const MessageSender& sender, std::size_t most) {
    if (runs_.empty() || !same(runs_.back().sender, sender)) runs_.push_back({sender, {}});
    runs_.back().ids.push_back(id);
    for (++count_; count_ > most; --count_) {
        auto& oldest = runs_.front().ids;
        oldest.erase(oldest.begin());
        if (oldest.empty()) runs_.pop_front();
    }
}

const MessageSender* ReceivedDatagrams::sender_of(std::uint32_t id) const {
    for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
        if (std::ranges::find(run->ids, id) != run->ids.end()) return &run->sender;
    }
    return nullptr;
}

}  // namespace ntalpc::server
