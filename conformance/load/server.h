// SPDX-License-Identifier: LGPL-2.1-or-later
// The alpcserver that is put under load: in a directory of its own, which goes with it.
#pragma once

#include <sys/types.h>

#include <string>

#include "ntalpc/unique_fd.h"

namespace ntalpc::load {

class ServerUnderLoad {
  public:
    // Sets the environment such that programs find it. Throws std::runtime_error.
    ServerUnderLoad(const std::string& alpcserver, const std::string& alpcctl);
    ~ServerUnderLoad();
    pid_t process() const { return process_; }
    bool runs() const;
    // A descriptor that is readable once it has ended.
    int end() const { return end_.get(); }
    // What it holds for clients, as `alpcctl status` has it; empty when there is nothing.
    std::string leftovers() const;

  private:
    const std::string alpcserver_, alpcctl_;
    std::string directory_;
    pid_t process_ = 0;
    UniqueFd end_;
};

}  // namespace ntalpc::load
