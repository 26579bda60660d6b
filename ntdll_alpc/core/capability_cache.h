// SPDX-License-Identifier: LGPL-2.1-or-later
// What this process knows about capabilities, by the number of their socket, which the kernel never reuses.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <unordered_map>
#include <utility>

#include "core/immortal.h"

namespace ntalpc::core {

// The number of a socket; 0 for what is not one.
std::uint64_t capability_cookie(int fd);

// A capability whose server has died: nothing is at its other end.
bool is_hung_up(int fd);

// What is known takes memory for the capabilities that are open, `most` at most: an entry that was displaced,
// or forgotten because one of several handles was closed, costs one exchange with the server.
template <class Meaning, std::size_t most>
class CapabilityCache {
  public:
    bool find(std::uint64_t cookie, Meaning* found) {
        Shard& shard = shard_of(cookie);
        const std::lock_guard lock(shard.mutex);
        const auto entry = shard.known.find(cookie);
        if (entry == shard.known.end()) return false;
        *found = entry->second;
        return true;
    }
    // What is displaced, or was known before, is destroyed without the lock.
    void store(std::uint64_t cookie, Meaning meaning) {
        Shard& shard = shard_of(cookie);
        typename Known::node_type displaced;
        const std::lock_guard lock(shard.mutex);
        if (shard.known.size() >= most / kShards && !shard.known.contains(cookie))
            displaced = shard.known.extract(shard.known.begin());
        std::swap(shard.known[cookie], meaning);
    }
    void forget(std::uint64_t cookie) {
        Shard& shard = shard_of(cookie);
        typename Known::node_type forgotten;
        const std::lock_guard lock(shard.mutex);
        forgotten = shard.known.extract(cookie);
    }
    std::size_t size() {
        std::size_t sum = 0;
        for (Shard& shard : shards_) {
            const std::lock_guard lock(shard.mutex);
            sum += shard.known.size();
        }
        return sum;
    }

    // In the child of a fork: what the parent knew is of no use here. What a thread of the parent had locked
    // may be half changed, and that thread does not exist here.
    void forget_after_fork() {
        for (Shard& shard : shards_) {
            if (!shard.mutex.try_lock()) {
                new (&shard) Shard;
                continue;
            }
            shard.known.clear();
            shard.mutex.unlock();
        }
    }

    static CapabilityCache& instance() {
        static Immortal<CapabilityCache> only;
        return *only;
    }

  private:
    using Known = std::unordered_map<std::uint64_t, Meaning>;
    static constexpr std::size_t kShards = 32;
    static_assert(most % kShards == 0);

    // Threads that use different handles rarely meet.
    struct alignas(64) Shard {
        std::mutex mutex;
        Known known;
    };
    // The numbers are consecutive, and each handle uses up two.
    Shard& shard_of(std::uint64_t cookie) { return shards_[cookie / 2 % kShards]; }

    std::array<Shard, kShards> shards_;
};

}  // namespace ntalpc::core
