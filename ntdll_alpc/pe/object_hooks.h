// SPDX-License-Identifier: LGPL-2.1-or-later
// Replacements (hooks.h) of the calls that look at handles, copy them and close them, and of the one that
// unmaps views.
#pragma once

#include "ntalpc/ntbase.h"

namespace ntalpc {

NTSTATUS NTAPI close_and_forget(HANDLE handle);
NTSTATUS NTAPI unmap_and_forget(HANDLE process, void* address);
NTSTATUS NTAPI duplicate_and_forget(HANDLE source_process, HANDLE source, HANDLE target_process,
                                    HANDLE* target, ACCESS_MASK access, ULONG attributes, ULONG options);
NTSTATUS NTAPI query_any_object(HANDLE handle, ULONG information_class, void* buffer, ULONG length,
                                ULONG* return_length);
NTSTATUS NTAPI query_any_security(HANDLE handle, ULONG information, void* descriptor, ULONG length,
                                  ULONG* needed);
NTSTATUS NTAPI set_any_security(HANDLE handle, ULONG information, void* descriptor);

}  // namespace ntalpc
