// SPDX-License-Identifier: LGPL-2.1-or-later
// A list of names with wildcards, as a user gives it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ntalpc::relay {

class Patterns {
  public:
    // "NtAlpc*,Tp*": separated by commas. One that begins with - takes out what it matches. Nothing matches
    // all, and so does a list of exceptions what they leave.
    explicit Patterns(std::string_view list);

    // Case does not matter, as in names of modules.
    bool match(const std::string& name) const;

  private:
    std::vector<std::string> wanted_, unwanted_;
};

}  // namespace ntalpc::relay
