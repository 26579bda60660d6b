// SPDX-License-Identifier: LGPL-2.1-or-later
// Who may use the directories of the standard tree, and create objects in them.
#pragma once

#include <memory>

#include "server/security/security_descriptor.h"

namespace ntalpc::server {

// What those who are neither the system nor administrators may do. As on Windows, \RPC Control and the
// BaseNamedObjects are for everybody to create objects in, and the other directories only to look at (WinObj
// shows it; medium confidence).
enum class OpenTo { readers, creators };

std::unique_ptr<const security::SecurityDescriptor> directory_descriptor(OpenTo open_to);

}  // namespace ntalpc::server
