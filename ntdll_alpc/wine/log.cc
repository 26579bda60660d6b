// SPDX-License-Identifier: LGPL-2.1-or-later
// The debug channel `alpc` of Wine: WINEDEBUG=+alpc, -alpc, trace+alpc and so on work as for any other.
#include <cstdint>
#include <string>

#include "core/file_size_signal.h"
#include "core/host.h"
#include "wine/imports.h"

namespace ntalpc::host {
namespace {

// All bits set: Wine looks the channel up in WINEDEBUG at its first use and stores the result.
wine::DebugChannel channel = {0xff, "alpc"};

// Wine's numbers of its message classes.
int debug_class(LogLevel level) {
    switch (level) {
        case LogLevel::fixme:
            return 0;
        case LogLevel::error:
            return 1;
        case LogLevel::trace:
            break;
    }
    return 3;
}

}  // namespace

void log(LogLevel level, const char* line) {
    if (!log_enabled(level)) return;
    const core::NoFileSizeSignal mine;
    if (wine::debug_header(debug_class(level), &channel, "ntdll_alpc") < 0) return;
    wine::debug_output((std::string(line) + "\n").c_str());
}

bool log_enabled(LogLevel level) {
    return wine::debug_channel_flags(&channel) >> debug_class(level) & 1;
}

}  // namespace ntalpc::host
