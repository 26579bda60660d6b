// SPDX-License-Identifier: LGPL-2.1-or-later
// What the processes of the load wait for: something that one of them says, or that a process has ended.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <initializer_list>

#include "ntalpc/unique_fd.h"

namespace ntalpc::load {

// Set until it is cleared. All processes have the descriptor from the one that they are forked from, so it
// may stand in memory that they share; whoever is killed has done no harm to it.
class Event {
  public:
    // Before the first fork. Throws std::system_error. It stays until the process ends.
    void open();
    // These three do nothing, or say false, before it has been opened.
    void set() const;
    void clear() const;
    bool is_set() const;
    int descriptor() const { return descriptor_; }

  private:
    int descriptor_ = -1;
};

// A descriptor that is readable once the process has ended; until it is waited for, if it is a child. Throws
// std::system_error.
UniqueFd end_of_process(pid_t process);

inline constexpr std::chrono::milliseconds kForEver = std::chrono::milliseconds::max();

// Waits until one of these is readable. False when the time is over. Throws std::system_error.
bool wait_for_any(std::initializer_list<int> descriptors, std::chrono::milliseconds time);

}  // namespace ntalpc::load
