// SPDX-License-Identifier: LGPL-2.1-or-later
// The end of threads, and the ports that are told of it (NtRegisterThreadTerminatePort).
#pragma once

#include <memory>

#include "server/kernel.h"
#include "server/port.h"
#include "server/thread.h"

namespace ntalpc::server {

// Each call adds one more registration, which keeps the port open and is charged to the process.
std::int32_t register_termination_port(Thread& thread, Port& port);
// The thread has ended: tells its ports, newest first, and lets go of them.
void announce_end(Thread& thread);
// All that the end of a thread that the kernel knows means to others.
void end_thread(Kernel& kernel, std::unique_ptr<Thread> thread);

}  // namespace ntalpc::server
