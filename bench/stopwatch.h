// SPDX-License-Identifier: LGPL-2.1-or-later
// The time, cheap enough to be taken around every single operation. Under Wine the usual clocks are system
// calls, so the processor's counter is read, whose rate is the same in both worlds and is measured once.
#pragma once

#include <chrono>
#include <cstdint>

#ifdef __x86_64__
#include <x86intrin.h>
#endif

namespace ntalpc::bench {

inline std::uint64_t ticks() {
#ifdef __x86_64__
    return __rdtsc();
#else
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

inline double measure_nanoseconds_per_tick() {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds long_enough{20};
    const auto begin = Clock::now();
    const std::uint64_t first = ticks();
    while (Clock::now() - begin < long_enough) continue;
    const std::chrono::duration<double, std::nano> taken = Clock::now() - begin;
    return taken.count() / static_cast<double>(ticks() - first);
}

inline double nanoseconds_per_tick() {
    static const double rate = measure_nanoseconds_per_tick();
    return rate;
}

inline double nanoseconds_since(std::uint64_t begin) {
    return static_cast<double>(ticks() - begin) * nanoseconds_per_tick();
}

// Passes time without sleeping: the core stays awake, and whoever waits for this thread falls asleep.
inline void idle_for(double nanoseconds) {
    const std::uint64_t begin = ticks();
    while (nanoseconds_since(begin) < nanoseconds) continue;
}

}  // namespace ntalpc::bench
