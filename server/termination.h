// SPDX-License-Identifier: LGPL-2.1-or-later
// Thread termination ports (NtRegisterThreadTerminatePort).
#pragma once

#include "server/port.h"
#include "server/thread.h"

namespace ntalpc::server {

// Each call adds one more registration, which keeps the port open and is charged to the process.
std::int32_t register_termination_port(Thread& thread, Port& port);
// The thread has ended: tells its ports, newest first, and lets go of them.
void announce_end(Thread& thread);

}  // namespace ntalpc::server
