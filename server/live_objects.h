// SPDX-License-Identifier: LGPL-2.1-or-later
// How many there are of everything that must not be left over when its users have gone: for tests and
// fuzzers.
#pragma once

#include <array>

#include "server/event_pair.h"
#include "server/kernel.h"
#include "server/port.h"

namespace ntalpc::server {

inline constexpr const char* kLiveObjectNames =
    "processes, threads, handles, ports, connections, messages, waits, tokens, sections, views, passed "
    "objects, "
    "keepers, event pairs, associations";

inline std::array<std::size_t, 14> live_objects() {
    return {Process::alive(),     Thread::alive(),     Handle::alive(),       Port::alive(),
            Connection::alive(),  Message::alive(),    Wait::alive(),         ClientToken::alive(),
            PortSection::alive(), View::alive(),       PassedObject::alive(), Counted<Keeper>::alive(),
            EventPair::alive(),   Association::alive()};
}

}  // namespace ntalpc::server
