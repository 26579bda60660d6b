// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

namespace ntalpc {

// Says what somebody would be granted of an object of the namespace.
int run_access_command(const std::string& directory, const std::vector<std::string>& arguments);

}  // namespace ntalpc
