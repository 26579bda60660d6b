// SPDX-License-Identifier: LGPL-2.1-or-later
// The other ends of the conversations: parts that this program plays in processes of its own. A file that has
// one registers it.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace ntalpc::bench {

using RoleArguments = std::vector<std::string>;
using RoleFunction = void (*)(const RoleArguments&);

inline std::map<std::string, RoleFunction>& roles() {
    static std::map<std::string, RoleFunction> all;
    return all;
}

struct Role {
    Role(const char* name, RoleFunction function) { roles()[name] = function; }
};

// Plays it, and does not return.
void play_role(const std::string& name, int core, const RoleArguments& arguments);

// For roles: one line to the program that has started this one.
void tell_parent(const std::string& line);
// A thread waits for the end of the standard input, and ends the process.
void end_with_parent();

}  // namespace ntalpc::bench
