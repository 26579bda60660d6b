// SPDX-License-Identifier: LGPL-2.1-or-later
// The command line of alpcserver, which is that of wineserver where the two mean the same.
#pragma once

#include <string>
#include <vector>

namespace ntalpc::server {

struct Options {
    enum class Action { serve, kill, wait, show_limits, help, version };
    Action action = Action::serve;
    int debug_level = 0;
    bool foreground = false;
    int kill_signal = 15;
    // Seconds to stay after the last client has gone; negative: for ever.
    int linger = 3;
    int inherited_socket = -1;  // to listen on, if somebody has made it
    bool system = false;    // serve all users of the machine
    std::string directory;  // of the socket
    std::string limits_file;  // empty: the usual one, if it is there
    std::vector<std::string> limits;  // "process.objects=1000"
};

// Returns an empty string, or one sentence that says what is wrong.
std::string parse_options(int argc, char** argv, Options* options);
extern const char kUsage[];

}  // namespace ntalpc::server
