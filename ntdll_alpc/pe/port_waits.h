// SPDX-License-Identifier: LGPL-2.1-or-later
// Replacements (hooks.h) of the calls that wait: handles of ports are signalled as their ports are, whatever
// Wine takes them for.
#pragma once

#include "ntalpc/ntbase.h"

namespace ntalpc {

NTSTATUS NTAPI wait_for_one(HANDLE handle, BOOLEAN alertable, const LARGE_INTEGER* timeout);
NTSTATUS NTAPI wait_for_several(ULONG count, const HANDLE* handles, BOOLEAN any, BOOLEAN alertable,
                                const LARGE_INTEGER* timeout);
NTSTATUS NTAPI signal_and_wait_for_any(HANDLE signal, HANDLE wait, BOOLEAN alertable,
                                       const LARGE_INTEGER* timeout);

}  // namespace ntalpc
