// SPDX-License-Identifier: LGPL-2.1-or-later
// How long it is worth while to look again and again before sleeping.
//
// Looking costs a processor that the other side may need, and saves the two system calls and the switch that sleeping
// and waking cost. So there is none with one processor; with more, the time is what recent waits took, within limits,
// and each wait that outlasted it makes it shorter until nothing is left. Then one wait in many tries again, since the
// other side may have become faster.
#pragma once

#include <atomic>
#include <cstdint>

namespace ntalpc::core {

class Spinning {
  public:
    // Calls `done` until it is true or the time is over. Returns what it returned last.
    template <class Done>
    bool wait(const Done& done) {
        if (done()) return true;
        const std::int64_t limit = limit_for_this_wait();
        if (limit == 0) return false;
        const std::int64_t start = now();
        std::int64_t spent = 0;
        do {
            for (int i = 0; i < kLooksPerClock; ++i) {
                if (done()) {
                    learn(spent);
                    return true;
                }
                pause();
            }
            spent = now() - start;
        } while (spent < limit);
        limit_.store(limit_.load(std::memory_order_relaxed) / 2, std::memory_order_relaxed);
        return false;
    }

    static std::int64_t now();

  private:
    static constexpr int kLooksPerClock = 16;
    static constexpr std::int64_t kLongest = 20'000;  // nanoseconds; what sleeping and waking cost at worst
    static constexpr std::int64_t kShortest = 1'000;
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
        return waits % kTryAgain == 0 ? kLongest / 4 : 0;
    }
    // Three times as long as it took, since waits differ.
    void learn(std::int64_t spent) {
        const std::int64_t wanted = 3 * spent + kShortest;
        limit_.store(wanted < kLongest ? wanted : kLongest, std::memory_order_relaxed);
    }

    std::atomic<std::int64_t> limit_{kLongest};
    std::atomic<std::uint32_t> waits_{0};
};

}  // namespace ntalpc::core
