// SPDX-License-Identifier: LGPL-2.1-or-later
// The commands of alpctrace. Each takes its arguments and returns the exit code; they throw TraceError,
// ServerError or UsageError.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace ntalpc {

using Words = std::vector<std::string>;

class UsageError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

int run_record(const Words& words);
int run_attach(const Words& words);
int run_follow(const Words& words);
int run_show(const Words& words);
int run_stats(const Words& words);
int run_diff(const Words& words);
int run_replay(const Words& words);

}  // namespace ntalpc
