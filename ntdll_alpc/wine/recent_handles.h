// SPDX-License-Identifier: LGPL-2.1-or-later
// Which capability a handle stood for a moment ago. Asking Wine takes as many system calls as a message by a
// lease takes otherwise none.
//
// A handle may be closed, and its value be given to another object, without our hearing of it only by another
// process (NtDuplicateObject with DUPLICATE_CLOSE_SOURCE); that is noticed when the moment is over. Whatever
// this process does is noticed at once.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace ntalpc::wine {

class RecentHandles {
  public:
    static RecentHandles& instance();

    // The cookie of the capability (core/capability_cache.h); 0 when Wine has to be asked.
    std::uint64_t find(const void* handle);
    // Before Wine is asked: what it says counts only if nothing was forgotten meanwhile.
    std::uint64_t changes() const { return changes_; }
    void store(const void* handle, std::uint64_t cookie, std::uint64_t changes);
    // The value may stand for something else from now on. Comes before anybody can note that it is ours.
    void forget(const void* handle);

  private:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::milliseconds kMoment{1};

    // Of several handles that share a place the last one is known.
    struct Place {
        std::mutex mutex;
        const void* handle = nullptr;
        std::uint64_t cookie = 0;
        Clock::time_point until;
    };
    Place& place_for(const void* handle);

    std::atomic<std::uint64_t> changes_{0};
    std::array<Place, 256> places_;
};

}  // namespace ntalpc::wine
