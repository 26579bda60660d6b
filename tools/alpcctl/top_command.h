// SPDX-License-Identifier: LGPL-2.1-or-later
// alpcctl top: the ports of a running server and how much goes through them, again every second.
#pragma once

#include <string>
#include <vector>

namespace ntalpc {

// Ends with q, Ctrl-C or the server. With --once it prints one picture, of the second that it watches.
int run_top_command(const std::string& directory, const std::vector<std::string>& arguments);

}  // namespace ntalpc
