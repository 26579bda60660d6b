// SPDX-License-Identifier: LGPL-2.1-or-later
// Where log lines go: standard error, which may be a terminal, a pipe or a socket that nobody reads. The
// server waits for nobody, so what cannot be written at once is dropped and counted.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "ntalpc/unique_fd.h"

namespace ntalpc::server {

class LogOutput {
  public:
    // From now on writes do not block. Descriptors of others with the same open file are not touched.
    void stop_blocking();
    // One line. False when it was dropped.
    bool write(std::string_view line);
    // Dropped since this was last asked.
    std::uint64_t dropped() const { return dropped_; }
    void forget_dropped(std::uint64_t told) { dropped_ -= told; }

  private:
    ssize_t put(std::string_view text) const;
    bool write_rest();

    UniqueFd own_;  // of a pipe or a terminal: opened anew, because the flags of the other one are not ours
    bool is_socket_ = false;
    std::string rest_;  // of a line that was written in part
    std::uint64_t dropped_ = 0;
};

}  // namespace ntalpc::server
