// SPDX-License-Identifier: LGPL-2.1-or-later
// What the `inspect` request can describe. Events are those of trace_events.def.
#pragma once

#include <cstdint>

namespace ntalpc::wire {

enum InspectionPart : std::uint32_t {
    inspect_processes = 1,    // process_started, process_state
    inspect_ports = 2,        // port_created, port_state
    inspect_connections = 4,  // connection_state
    inspect_messages = 8,     // message_state
    inspect_threads = 16,     // thread_state
    inspect_tokens = 32,      // token_state
    inspect_objects = 64,     // object_state
    inspect_limits = 128,     // limit_state
};

}  // namespace ntalpc::wire
