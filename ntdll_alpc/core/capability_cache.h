// SPDX-License-Identifier: LGPL-2.1-or-later
// What this process knows about capabilities, by the number of their socket, which the kernel never reuses.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

namespace ntalpc::core {

// The number of a socket; 0 for what is not one.
std::uint64_t capability_cookie(int fd);

// A capability whose server has died: nothing is at its other end.
bool is_hung_up(int fd);

// A cache of fixed size: an entry that was displaced, or never made, costs one exchange with the server, and
// entries of handles long closed cannot pile up, so nothing need be told of a close. The numbers are
// consecutive and spread by themselves.
template <class Meaning, std::size_t size>
class CapabilityCache {
  public:
    bool find(std::uint64_t cookie, Meaning* found) {
        Entry& entry = entries_[cookie % size];
        const std::lock_guard lock(entry.mutex);
        if (entry.cookie != cookie) return false;
        *found = entry.meaning;
        return true;
    }
    void store(std::uint64_t cookie, Meaning meaning) {
        Entry& entry = entries_[cookie % size];
        const std::lock_guard lock(entry.mutex);
        entry.cookie = cookie;
        std::swap(entry.meaning, meaning);  // what it meant before is destroyed without the lock
    }

    // In the child of a fork: what the parent knew is of no use here. An entry that a thread of the parent
    // had locked may be half changed, and that thread does not exist here.
    void forget_after_fork() {
        for (Entry& entry : entries_) {
            if (!entry.mutex.try_lock()) {
                new (&entry) Entry;
                continue;
            }
            entry.cookie = 0;
            entry.meaning = {};
            entry.mutex.unlock();
        }
    }

    // Never destroyed: threads may call while the process exits.
    static CapabilityCache& instance() {
        static CapabilityCache* const only = new CapabilityCache;
        return *only;
    }

  private:
    struct Entry {
        std::mutex mutex;
        std::uint64_t cookie = 0;
        Meaning meaning{};
    };
    std::array<Entry, size> entries_;
};

}  // namespace ntalpc::core
