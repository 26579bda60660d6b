// SPDX-License-Identifier: LGPL-2.1-or-later
// alpcctl status: how many objects of each kind the server holds.
#pragma once

#include <string>
#include <vector>

namespace ntalpc {

// The exit code. Throws ServerError.
int run_status_command(const std::string& directory, const std::vector<std::string>& arguments);

}  // namespace ntalpc
