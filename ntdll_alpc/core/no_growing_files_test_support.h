// SPDX-License-Identifier: LGPL-2.1-or-later
// For tests of a program whose files must not grow (ulimit -f 0).
#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace ntalpc {

// While there is one. Nothing may be expected meanwhile: what a test says may go to a file.
class NoGrowingFiles {
  public:
    NoGrowingFiles() {
        EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &before_), 0);
        const rlimit none{0, before_.rlim_max};
        EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
    }
    ~NoGrowingFiles() { EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &before_), 0); }

  private:
    rlimit before_{};
};

}  // namespace ntalpc
