// SPDX-License-Identifier: LGPL-2.1-or-later
// A running server: the kernel objects, the sockets and the loop that drives them.
#pragma once

#include <functional>
#include <string>

#include "server/limits.h"
#include "server/options.h"

namespace ntalpc::server {

// Serves until the last client has been gone for the lingering time, or until SIGTERM, SIGINT or SIGHUP.
// `ready` is called once clients can connect. Throws std::system_error when it cannot start.
void serve(const Options& options, const Limits& limits, const std::function<void()>& ready);

}  // namespace ntalpc::server
