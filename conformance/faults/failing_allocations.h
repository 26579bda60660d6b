// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes single allocations of other processes fail.
#pragma once

#include <sys/types.h>

#include <string>

#include "conformance/faults/allocation_control.h"

namespace ntalpc::faults {

class FailingAllocations {
  public:
    // Starts this program again with failing_allocations.so before the C library, unless that has happened.
    // It is beside the program.
    static void load(char** arguments);

    // Of a program that has it.
    FailingAllocations();
    FailingAllocations(const FailingAllocations&) = delete;
    FailingAllocations& operator=(const FailingAllocations&) = delete;
    ~FailingAllocations();

    // From now on the allocations of a process are counted, and one of them fails.
    void arm(pid_t process, unsigned number);
    void disarm();
    unsigned counted() const { return control_->counted; }
    bool has_failed() const { return control_->counted >= control_->number; }

  private:
    AllocationControl* control_;
};

}  // namespace ntalpc::faults
