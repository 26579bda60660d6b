// SPDX-License-Identifier: LGPL-2.1-or-later
// Replacements of the calls by which a program changes a token, or the one that a thread acts with. They note
// that it has happened; the unix half looks at the token before the thread's next call.
#pragma once

#include "ntalpc/ntbase.h"

namespace ntalpc {

// Makes the notes known to the unix half. To be called when the replacements are in place.
void share_token_changes();

NTSTATUS NTAPI set_thread_and_note(HANDLE thread, ULONG information_class, const void* buffer, ULONG length);
NTSTATUS NTAPI set_token_and_note(HANDLE token, ULONG information_class, void* buffer, ULONG length);
NTSTATUS NTAPI adjust_privileges_and_note(HANDLE token, BOOLEAN disable_all, void* state, ULONG length,
                                          void* previous, ULONG* needed);
NTSTATUS NTAPI adjust_groups_and_note(HANDLE token, BOOLEAN reset, void* state, ULONG length, void* previous,
                                      ULONG* needed);
NTSTATUS NTAPI control_file_and_note(HANDLE file, HANDLE event, void* apc, void* apc_context, void* io,
                                     ULONG code, void* in_buffer, ULONG in_length, void* out_buffer,
                                     ULONG out_length);

}  // namespace ntalpc
