// SPDX-License-Identifier: LGPL-2.1-or-later
#include "relay/patterns.h"

#include <fnmatch.h>

#include <algorithm>

namespace ntalpc::relay {

Patterns::Patterns(std::string_view list) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        std::string_view pattern = list.substr(0, end);
        list.remove_prefix(std::min(end + 1, list.size()));
        const bool exception = pattern.starts_with('-');
        if (exception) pattern.remove_prefix(1);
        if (!pattern.empty()) (exception ? unwanted_ : wanted_).emplace_back(pattern);
    }
}

bool Patterns::match(const std::string& name) const {
    const auto matches = [&](const std::string& pattern) {
        return fnmatch(pattern.c_str(), name.c_str(), FNM_CASEFOLD) == 0;
    };
    if (std::ranges::any_of(unwanted_, matches)) return false;
    return wanted_.empty() || std::ranges::any_of(wanted_, matches);
}

}  // namespace ntalpc::relay
