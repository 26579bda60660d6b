// SPDX-License-Identifier: LGPL-2.1-or-later
// The processes of the load: started, killed and replaced.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "conformance/load/load.h"

namespace ntalpc::load {

// All processes of one role.
class Crew {
  public:
    using Role = std::function<void(std::uint32_t number)>;
    Crew(Board& board, std::array<Process, kMostProcesses>& places, const char* name, std::uint32_t size,
         Role role);

    void start_all();
    // SIGKILL; another one takes its place at once.
    void replace(std::uint32_t number);
    // Complains about those that have ended without being asked to.
    void check_all_run();
    // Complains about those that do not end, or not well.
    void wait_for_all(std::int64_t seconds);

    std::uint32_t size() const { return static_cast<std::uint32_t>(members_.size()); }
    pid_t process(std::uint32_t number) const { return members_[number]; }

  private:
    void start(std::uint32_t number);
    void check_status(std::uint32_t number, int status);

    Board& board_;
    std::array<Process, kMostProcesses>& places_;
    const std::string name_;
    const Role role_;
    std::vector<pid_t> members_;  // 0: has ended
};

}  // namespace ntalpc::load
