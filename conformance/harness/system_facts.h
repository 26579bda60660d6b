// SPDX-License-Identifier: LGPL-2.1-or-later
// On what a result was measured.
#pragma once

#include <string>

namespace ntalpc::conformance {

struct SystemFacts {
    std::string kind;     // Windows, Wine or Linux
    std::string version;  // "10.0.19045.4412", as the system says
    unsigned build = 0;
    std::string edition;       // "Windows 10 Pro", if there is such a name
    std::string wine_version;  // where there is Wine
    std::string layer;         // who supplies the calls: the system itself, or this project's layer
    std::string machine;       // "x86_64"
    bool elevated = false;     // more than an ordinary user
};

SystemFacts system_facts();

}  // namespace ntalpc::conformance
