// SPDX-License-Identifier: LGPL-2.1-or-later
// One line per call of a program, when somebody listens: WINEDEBUG=+alpc under Wine, NTALPC_DEBUG=trace
// natively.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <type_traits>

#include "core/host.h"
#include "ntalpc/ntbase.h"

namespace ntalpc::core {

struct TracedArgument {
    const char* name;
    std::uint64_t value;
};

template <class T>
TracedArgument traced(const char* name, T value) {
    if constexpr (std::is_pointer_v<T>) {
        return {name, reinterpret_cast<std::uintptr_t>(value)};
    } else {
        return {name, static_cast<std::uint64_t>(value)};
    }
}

inline bool tracing() {
    return host::log_enabled(host::LogLevel::trace);
}

void trace_call(const char* name, std::initializer_list<TracedArgument> arguments, NTSTATUS status);

}  // namespace ntalpc::core
