// SPDX-License-Identifier: LGPL-2.1-or-later
// How a connection port is made once the program's arguments are read, by whichever call.
#pragma once

#include "core/capture.h"
#include "generated/protocol.h"

namespace ntalpc::core {

// The request's attributes are taken from the name. The handle is written to the program.
NTSTATUS create_port(wire::CreatePort::Request& request, const ObjectName& name, PHANDLE port_handle);

}  // namespace ntalpc::core
