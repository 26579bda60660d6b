// SPDX-License-Identifier: LGPL-2.1-or-later
// What the server gives up before it listens to anybody.
#pragma once

namespace ntalpc::server {

// From now on this process can do what serving takes and nothing else: other system calls fail with EPERM,
// among them all that start programs, open files for writing, reach other processes or a network, or make
// memory executable. There is no way back, and none for what it executes. A kernel or a container that cannot
// do this leaves the process as it was, and the log says so. Not under sanitizers, which need more.
void confine_process();

}  // namespace ntalpc::server
