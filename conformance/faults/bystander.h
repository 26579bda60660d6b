// SPDX-License-Identifier: LGPL-2.1-or-later
// A process that has nothing to do with a conversation: it shows that others notice nothing of a fault.
// Another one tells services that their conversation is over.
#pragma once

#include <sys/types.h>

#include <string>

#include "conformance/faults/conversation.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc::faults {

class Bystander {
  public:
    explicit Bystander(Stage& stage);
    Bystander(const Bystander&) = delete;
    Bystander& operator=(const Bystander&) = delete;
    ~Bystander();

    // Has a conversation of its own. Empty when that went well within the time limit, else what went wrong. A
    // server that has been killed is replaced by this.
    std::string converse();
    // Tells a service, when it has begun, and does not wait.
    void begin_telling(Service service, std::size_t party, const std::string& port_name);
    // Empty when whoever was told has taken note, or has gone.
    std::string finish_telling();

    pid_t process() const { return process_; }

  private:
    // Empty, or why there is none.
    std::string answer(const char* to_what, NTSTATUS* status);

    pid_t process_ = 0;
    UniqueFd commands_;
    unsigned untold_ = 0;
};

}  // namespace ntalpc::faults
