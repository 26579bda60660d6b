// SPDX-License-Identifier: LGPL-2.1-or-later
// What remains of many measured times.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace ntalpc::bench {

// Nanoseconds of one operation.
struct Summary {
    std::size_t count = 0;
    double minimum = 0, p10 = 0, median = 0, p90 = 0, p99 = 0, mean = 0;
};

inline Summary summarize(std::vector<double> times) {
    Summary summary;
    if (times.empty()) return summary;
    std::sort(times.begin(), times.end());
    const auto at = [&](double part) {
        return times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))];
    };
    double sum = 0;
    for (const double time : times) sum += time;
    summary.count = times.size();
    summary.minimum = times.front();
    summary.p10 = at(0.1);
    summary.median = at(0.5);
    summary.p90 = at(0.9);
    summary.p99 = at(0.99);
    summary.mean = sum / static_cast<double>(times.size());
    return summary;
}

}  // namespace ntalpc::bench
