// SPDX-License-Identifier: LGPL-2.1-or-later
// What the core needs from its host to tell the program of something by an event object.
#pragma once

#include "core/host.h"

namespace ntalpc::host {

// Sets an event of the program when what the socket stands for has been processed (core/direct_attribute.h).
// The event is referenced until then. STATUS_INVALID_HANDLE; STATUS_OBJECT_TYPE_MISMATCH for a handle to
// something else; STATUS_ACCESS_DENIED for one that does not let the event be set.
NtStatus set_event_when_processed(NtHandle event, UniqueFd socket);

}  // namespace ntalpc::host
