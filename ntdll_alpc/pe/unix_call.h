// SPDX-License-Identifier: LGPL-2.1-or-later
// The PE half's way into the unix half.
#pragma once

#include "generated/entry_params.h"

namespace ntalpc {

// Finds the unix half of `module` and agrees with it on the table of calls. When that fails one line is
// logged and every later call answers STATUS_NOT_IMPLEMENTED. Called once, before any other function here.
bool attach_unix_half(void* module);

// Runs a call in the unix half; `params` is the structure of that call.
NTSTATUS unix_call(UnixCall call, void* params);

// The same for a program's call, which is over when this returns: one that the unix half has left
// (core/left_call.h) is taken up again here.
NTSTATUS program_call(UnixCall call, void* params);

// Says once per entry point that it is missing.
void log_missing(EntryPoint entry);

}  // namespace ntalpc
