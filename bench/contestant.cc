// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/contestant.h"

#include <algorithm>

#include "bench/stopwatch.h"

namespace ntalpc::bench {

namespace {

constexpr double kTurn = 2e6;  // nanoseconds
constexpr std::size_t kMostTimes = 200'000;

struct Running {
    std::unique_ptr<Contestant> contestant;
    std::vector<double> times{};
    double used = 0;

    void turn(double pause, double length) {
        contestant->begin_turn();
        const std::uint64_t begin = ticks();
        do {
            if (pause > 0) idle_for(pause);
            const std::uint64_t start = ticks();
            contestant->round();
            const double taken = nanoseconds_since(start);
            if (times.size() < kMostTimes) times.push_back(taken / contestant->operations());
        } while (nanoseconds_since(begin) < length);
        used += nanoseconds_since(begin);
        contestant->end_turn();
    }
};

}  // namespace

std::vector<Series> take_turns(const std::vector<Entrant>& entrants, const Measuring& measuring) {
    std::vector<Running> all;
    for (const Entrant& entrant : entrants) all.push_back({entrant.make(measuring.placement)});
    // Not earlier, or the children would inherit it.
    run_on_core(measuring.placement.client);
    run_server_on_core(measuring.placement.same() ? measuring.placement.server : kAnyCore);
    for (Running& one : all) {
        // The first turn fills caches and wakes cores.
        one.turn(0, std::min(kTurn, measuring.budget / 4));
        one.times.clear();
        one.used = 0;
    }
    const auto unfinished = [&](const Running& one) { return one.used < measuring.budget; };
    while (std::ranges::any_of(all, unfinished)) {
        for (Running& one : all) {
            if (unfinished(one)) one.turn(measuring.pause, std::min(kTurn, measuring.budget / 4));
        }
    }
    std::vector<Series> series;
    for (std::size_t i = 0; i < all.size(); ++i) {
        series.push_back({entrants[i].name, summarize(std::move(all[i].times))});
        all[i].contestant.reset();
    }
    run_on_core(kAnyCore);
    return series;
}

}  // namespace ntalpc::bench
