// SPDX-License-Identifier: LGPL-2.1-or-later
// The present of the server as events (the second half of include/trace_events.def).
#pragma once

#include <cstdint>

#include "server/connection.h"
#include "server/kernel.h"
#include "server/tracer.h"

namespace ntalpc::server {

// `what` has wire::InspectionPart bits. The inspecting process itself is left out.
void inspect(const Kernel& kernel, const Process& inspector, std::uint32_t what, TraceBuffer& buffer);

// nullptr when there is none of that number.
Connection* find_connection(const Kernel& kernel, std::uint64_t serial);

}  // namespace ntalpc::server
