// SPDX-License-Identifier: LGPL-2.1-or-later
// How long it is worth while to look again and again before sleeping.
//
// Looking costs a processor that the other side may need, and saves the two system calls and the switch that
// sleeping and waking cost. So there is none with one processor, or when the other side was last seen on this
// one. Otherwise a wait that ends while the thread looks makes the next ones look as long as sleeping and
// waking may take, and each that outlasts it makes the time much shorter, until nothing is left. Then one
// wait in many tries again, since the other side may have become faster.
#pragma once

#include <atomic>
#include <cstdint>

namespace ntalpc::core {

class Spinning {
  public:
    // The other side was seen at work on this processor.
    void seen_on(std::uint32_t processor) { peer_processor_.store(processor, std::memory_order_relaxed); }
    static std::uint16_t this_processor();

    // Calls `done` until it is true or the time is over. Returns what it returned last.
    template <class Done>
    bool wait(const Done& done) {
        if (done()) return true;
        if (peer_processor_.load(std::memory_order_relaxed) == this_processor()) return false;
        const std::int64_t limit = limit_for_this_wait();
        if (limit == 0) return false;
        // Often the answer is there before the clock has been read.
        std::int64_t end = 0;
        do {
            for (int i = 0; i < kLooksPerClock; ++i) {
                pause();
                if (done()) {
                    limit_.store(kLongest, std::memory_order_relaxed);
                    return true;
                }
            }
            if (end == 0) end = now() + limit;
        } while (now() < end);
        limit_.store(limit / kLessEachTime, std::memory_order_relaxed);
        return false;
    }

    static std::int64_t now();

  private:
    static constexpr int kLooksPerClock = 16;
    // Nanoseconds. Both sides must look at a time for it to be worth while, so the longest is more than it
    // takes to wake the other one, which on virtual machines is dear.
    static constexpr std::int64_t kLongest = 100'000;
    static constexpr std::int64_t kShortest = 1'000;
    static constexpr std::int64_t kLessEachTime = 3;
    static constexpr std::uint32_t kTryAgain = 256;

    static bool several_processors();
    static void pause() {
#ifdef __x86_64__
        __builtin_ia32_pause();
#endif
    }
    std::int64_t limit_for_this_wait() {
        if (!several_processors()) return 0;
        const std::int64_t limit = limit_.load(std::memory_order_relaxed);
        if (limit >= kShortest) return limit;
        const auto waits = waits_.fetch_add(1, std::memory_order_relaxed);
        return waits % kTryAgain == 0 ? kLongest : 0;
    }
    std::atomic<std::int64_t> limit_{kLongest};
    std::atomic<std::uint32_t> waits_{0};
    std::atomic<std::uint32_t> peer_processor_{0xFFFFFFFF};
};

}  // namespace ntalpc::core
