// SPDX-License-Identifier: LGPL-2.1-or-later
// The command line of alpcrun.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "overlay/result.h"

namespace ntalpc {

struct LaunchOptions {
    bool help = false;
    bool version = false;
    bool print_overlay = false;
    bool rebuild_overlay = false;
    bool verbose = false;
    std::optional<std::string> wine;
    std::optional<std::string> relay_calls;  // none: no relay
    std::string relay_modules, relay_file;
    std::vector<std::string> program;  // with its arguments, untouched

    bool needs_program() const { return !help && !version && !print_overlay && !rebuild_overlay; }
};

// `arguments` are those after the name of the tool. Options end at "--" or at the first word that is none.
Result<LaunchOptions> parse_launch_options(const std::vector<std::string>& arguments);

extern const char kLaunchUsage[];

}  // namespace ntalpc
