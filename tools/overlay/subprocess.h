// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a helper program and waits for it.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "overlay/result.h"

namespace ntalpc {

struct Command {
    std::vector<std::string> arguments = {};                        // the first one is the program's path
    std::map<std::string, std::string> environment = {};            // set in addition to our own
    std::optional<std::chrono::milliseconds> limit = std::nullopt;  // ended with SIGTERM when it takes longer
};

struct CommandOutcome {
    int exit_code = 0;  // 128 + the signal's number when a signal ended it, as a shell reports it
    bool timed_out = false;
    std::string output = {};  // of capture_output() only
};

// Standard input is empty, standard output goes where standard error goes: what the helper prints must not
// get into the stream of the program that is started afterwards.
Result<CommandOutcome> run_command(const Command& command);

// The same, with standard output in `output` and standard error dropped.
Result<CommandOutcome> capture_output(const Command& command);

}  // namespace ntalpc
