// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether something that is measured again and again grows.
#pragma once

#include <sys/types.h>
#include <cstddef>
#include <string>
#include <vector>

namespace ntalpc::load {

class Growth {
  public:
    void add(double seconds, double value) { samples_.push_back({seconds, value}); }
    // By the line that fits best through what was measured: how much more there was at the end than at the
    // beginning.
    double total() const;
    double mean() const;
    std::size_t count() const { return samples_.size(); }

  private:
    struct Sample {
        double seconds, value;
    };
    std::vector<Sample> samples_;
};

// Of a process, 0 when it has gone.
double memory_of(pid_t process);  // bytes that are its own
double descriptors_of(pid_t process);

}  // namespace ntalpc::load
