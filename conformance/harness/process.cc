// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/harness/process.h"

#include <map>

namespace ntalpc::conformance {

namespace {

std::map<std::string, Part>& parts() {
    static std::map<std::string, Part> known;
    return known;
}

}  // namespace

bool add_part(const char* name, Part part) {
    return parts().emplace(name, part).second;
}

bool play_part(int argc, char** argv, int* exit_status) {
    constexpr char option[] = "--part=";
    const std::string first = argc > 1 ? argv[1] : "";
    if (first.rfind(option, 0) != 0) return false;
    const auto found = parts().find(first.substr(sizeof(option) - 1));
    *exit_status = found == parts().end() ? 2 : found->second({argv + 2, argv + argc});
    return true;
}

}  // namespace ntalpc::conformance
