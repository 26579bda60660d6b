// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs this program again as a child: a test that crashes or never ends takes only its own process with it.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace ntalpc::conformance {

// Raised, and so the exit code, when a program calls a function that Wine has only as a name.
constexpr unsigned long wine_stub_exception = 0x80000100;

struct ChildEnd {
    enum class Kind { exited, crashed, hung, not_started };
    Kind kind = Kind::not_started;
    unsigned long code = 0;  // of an exit; under Windows also the exception of a crash
    std::string reason;      // of all but an exit, in words
};

ChildEnd run_child(const std::vector<std::string>& arguments, std::chrono::seconds limit);

// In a child: a crash ends it at once and tells its parent, without a debugger or a window.
void prepare_to_crash();

}  // namespace ntalpc::conformance
