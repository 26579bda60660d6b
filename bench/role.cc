// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/role.h"

#include <cstdio>
#include <iostream>
#include <thread>

#include "bench/platform.h"

namespace ntalpc::bench {

void play_role(const std::string& name, int core, const RoleArguments& arguments) {
    const auto found = roles().find(name);
    if (found == roles().end()) fail("there is no role '" + name + "'; --role is for this program's own use");
    run_on_core(core);
    found->second(arguments);
    // Not by returning: another thread may be reading the standard input, which an orderly exit would wait
    // for.
    end_process(0);
}

void tell_parent(const std::string& line) {
    std::puts(line.c_str());
    std::fflush(stdout);
}

void end_with_parent() {
    std::thread([] {
        while (std::cin.get() != std::char_traits<char>::eof()) continue;
        end_process(0);
    }).detach();
}

}  // namespace ntalpc::bench
