// SPDX-License-Identifier: LGPL-2.1-or-later
// Ports whose messages are announced to the process instead of being waited for.
#pragma once

#include "core/host_targets.h"
#include "generated/protocol.h"
#include "ntalpc/ntbase.h"

namespace ntalpc::core {

// AlpcAssociateCompletionPortInformation.
NTSTATUS associate_completion_port(HANDLE port, PVOID information, ULONG length);

// Has the messages of a port announced to a target, which is forgotten when this fails.
NTSTATUS announce_to(HANDLE port, host::Target target);
// The end of that. The port may be associated again.
NTSTATUS stop_announcing(host::Target target);

// Waits for notes and gives each to `take`; on success there may be more. The call is left while there are
// none (left_call.h).
NTSTATUS take_notes(void (*take)(const wire::Note& note));

}  // namespace ntalpc::core
