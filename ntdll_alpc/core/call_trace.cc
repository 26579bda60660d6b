// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/call_trace.h"

#include <cstdio>
#include <string>

#include "ntalpc/status.h"

namespace ntalpc::core {

void trace_call(const char* name, std::initializer_list<TracedArgument> arguments, NTSTATUS status) {
    std::string line = std::string(name) + "(";
    char number[32];
    for (const TracedArgument& argument : arguments) {
        std::snprintf(number, sizeof(number), "=%#llx", static_cast<unsigned long long>(argument.value));
        if (line.back() != '(') line += ", ";
        line += std::string(argument.name) + number;
    }
    std::snprintf(number, sizeof(number), ") -> %08x ", static_cast<unsigned>(status));
    line += number;
    if (const char* const text = status_name(status)) line += text;
    host::log(host::LogLevel::trace, line.c_str());
}

}  // namespace ntalpc::core
