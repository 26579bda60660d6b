// SPDX-License-Identifier: LGPL-2.1-or-later
// Waiting on port handles.
#pragma once

#include "core/channel.h"
#include "ntalpc/ntbase.h"

namespace ntalpc::core {

// Waits until one of the ports, or with `all` every one, is signalled, and tells the place of the first one
// that is. A port whose server has died counts as disconnected and so as signalled. STATUS_TIMEOUT as usual;
// STATUS_INVALID_HANDLE or STATUS_OBJECT_TYPE_MISMATCH when a handle is none of a port.
NTSTATUS wait_for_ports(const HANDLE* handles, ULONG count, bool all, const LARGE_INTEGER* timeout,
                        Blocking blocking, ULONG* index);

}  // namespace ntalpc::core
