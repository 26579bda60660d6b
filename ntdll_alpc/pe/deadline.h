// SPDX-License-Identifier: LGPL-2.1-or-later
// The time limit of a wait that is made of several.
#pragma once

#include "ntalpc/ntbase.h"

namespace ntalpc {

class Deadline {
  public:
    // As NT calls take it: nullptr for none, negative for a time from now, otherwise a time of day.
    explicit Deadline(const LARGE_INTEGER* timeout);

    // Whether the wait was to look and not to wait.
    bool at_once() const { return kind_ == Kind::absolute && timeout_.QuadPart == 0; }

    // What to pass to the next wait.
    const LARGE_INTEGER* remaining();

  private:
    enum class Kind { none, relative, absolute };
    Kind kind_;
    LARGE_INTEGER timeout_;
    LONGLONG end_ = 0;  // of a relative one, on the performance counter in 100 ns
};

}  // namespace ntalpc
