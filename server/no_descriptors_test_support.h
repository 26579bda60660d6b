// SPDX-License-Identifier: LGPL-2.1-or-later
// For unit tests of a server that has run out of descriptors.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "ntalpc/unique_fd.h"

namespace ntalpc::server {

// While there is one no descriptor can be opened.
class NoDescriptors {
  public:
    NoDescriptors() {
        EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
        const UniqueFd lowest_free(fcntl(0, F_DUPFD_CLOEXEC, 0));
        EXPECT_TRUE(lowest_free);
        const rlimit none{static_cast<rlim_t>(lowest_free.get()), before_.rlim_max};
        EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    }
    ~NoDescriptors() { EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before_), 0); }

  private:
    rlimit before_{};
};

}  // namespace ntalpc::server
