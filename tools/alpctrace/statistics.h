// SPDX-License-Identifier: LGPL-2.1-or-later
// Durations, collected for percentiles.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ntalpc {

class Durations {
  public:
    void add(std::int64_t nanoseconds) { all_.push_back(nanoseconds); }
    std::size_t count() const { return all_.size(); }
    // The smallest one that at least this part of all does not exceed. 0 when there are none.
    std::int64_t percentile(double part) {
        if (all_.empty()) return 0;
        const auto last = static_cast<double>(all_.size() - 1);
        const auto at = all_.begin() + static_cast<std::ptrdiff_t>(part * last + 0.5);
        std::nth_element(all_.begin(), at, all_.end());
        return *at;
    }

  private:
    std::vector<std::int64_t> all_;
};

}  // namespace ntalpc
