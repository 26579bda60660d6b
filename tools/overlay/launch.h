// SPDX-License-Identifier: LGPL-2.1-or-later
// Everything that has to be in place before a program can be started in an overlay.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "overlay/launch_options.h"
#include "overlay/overlay_cache.h"
#include "overlay/result.h"

namespace ntalpc {

struct LaunchRequest {
    LaunchOptions options;
    std::filesystem::path executable;  // the running tool
    std::vector<ExportForwarder> forwarders;
    std::function<void(const std::string&)> say;  // for the user, one line
};

// What to hand to exec, in addition to the environment as it is.
struct Launch {
    Overlay overlay;
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment;
};

// Only the overlay is prepared when there is no program to run.
Result<Launch> prepare_launch(const LaunchRequest& request);

}  // namespace ntalpc
