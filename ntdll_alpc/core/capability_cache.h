// SPDX-License-Identifier: LGPL-2.1-or-later
// What this process knows about capabilities, by the number of their socket, which the kernel never reuses.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "core/immortal.h"

namespace ntalpc::core {

// The number of a socket; 0 for what is not one.
std::uint64_t capability_cookie(int fd);

// A capability whose server has died: nothing is at its other end.
bool is_hung_up(int fd);

// A cache of limited size: an entry that was displaced, or never made, costs one exchange with the server, and
// entries of handles long closed cannot pile up, so nothing need be told of a close. The numbers are
// consecutive and spread by themselves; memory is taken as they come.
template <class Meaning, std::size_t size>
class CapabilityCache {
  public:
    bool find(std::uint64_t cookie, Meaning* found) {
        Block* const block = place_of(cookie).load(std::memory_order_acquire);
        if (!block) return false;
        Entry& entry = (*block)[cookie % kBlockSize];
        const std::lock_guard lock(entry.mutex);
        if (entry.cookie != cookie) return false;
        *found = entry.meaning;
        return true;
    }
    void store(std::uint64_t cookie, Meaning meaning) {
        Entry& entry = make_block(place_of(cookie))[cookie % kBlockSize];
        const std::lock_guard lock(entry.mutex);
        entry.cookie = cookie;
        std::swap(entry.meaning, meaning);  // what it meant before is destroyed without the lock
    }

    // In the child of a fork: what the parent knew is of no use here. An entry that a thread of the parent
    // had locked may be half changed, and that thread does not exist here.
    void forget_after_fork() {
        for (const auto& place : blocks_) {
            Block* const block = place.load(std::memory_order_relaxed);
            if (!block) continue;
            for (Entry& entry : *block) forget(entry);
        }
    }

    static CapabilityCache& instance() {
        static Immortal<CapabilityCache> only;
        return *only;
    }

  private:
    static constexpr std::size_t kBlockSize = 64;
    static_assert(size % kBlockSize == 0);

    struct Entry {
        std::mutex mutex;
        std::uint64_t cookie = 0;
        Meaning meaning{};
    };
    using Block = std::array<Entry, kBlockSize>;

    std::atomic<Block*>& place_of(std::uint64_t cookie) { return blocks_[cookie / kBlockSize % blocks_.size()]; }
    // Blocks once made stay. Of two threads that make the same one, one gives its own up.
    static Block& make_block(std::atomic<Block*>& place) {
        Block* there = place.load(std::memory_order_acquire);
        if (there) return *there;
        auto fresh = std::make_unique<Block>();
        if (place.compare_exchange_strong(there, fresh.get(), std::memory_order_acq_rel)) return *fresh.release();
        return *there;
    }
    static void forget(Entry& entry) {
        if (!entry.mutex.try_lock()) {
            new (&entry) Entry;
            return;
        }
        entry.cookie = 0;
        entry.meaning = {};
        entry.mutex.unlock();
    }

    std::array<std::atomic<Block*>, size / kBlockSize> blocks_{};
};

}  // namespace ntalpc::core
