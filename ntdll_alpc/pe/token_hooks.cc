// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pe/token_hooks.h"

#include "core/token_change_counters.h"
#include "pe/hooks.h"
#include "pe/unix_call.h"

namespace ntalpc {
namespace {

constexpr ULONG kThreadImpersonationToken = 5;
constexpr ULONG kImpersonatePipeClient = 0x11001C;  // FSCTL_PIPE_IMPERSONATE

TokenChangeCounter counters[kTokenChangeCounters];

void note_for_all() {
    ++counters[0];
}

// UniqueThread in the TEB's ClientId, whose place is part of the Windows ABI.
ULONG_PTR current_thread_id() {
    ULONG_PTR id;
    asm("movq %%gs:0x48, %0" : "=r"(id));
    return id;
}

void note_for_this_thread() {
    ++counters[token_change_place(current_thread_id())];
}

}  // namespace

void share_token_changes() {
    ShareTokenChangesParams params = {counters};
    unix_call(UnixCall::ShareTokenChanges, &params);
}

NTSTATUS NTAPI set_thread_and_note(HANDLE thread, ULONG information_class, const void* buffer, ULONG length) {
    const NTSTATUS status = original_NtSetInformationThread(thread, information_class, buffer, length);
    if (information_class != kThreadImpersonationToken) return status;
    const HANDLE current_thread = reinterpret_cast<HANDLE>(static_cast<LONG_PTR>(-2));
    if (thread == current_thread) {
        note_for_this_thread();
    } else {
        note_for_all();
    }
    return status;
}

NTSTATUS NTAPI set_token_and_note(HANDLE token, ULONG information_class, void* buffer, ULONG length) {
    const NTSTATUS status = original_NtSetInformationToken(token, information_class, buffer, length);
    note_for_all();
    return status;
}

NTSTATUS NTAPI adjust_privileges_and_note(HANDLE token, BOOLEAN disable_all, void* state, ULONG length,
                                          void* previous, ULONG* needed) {
    const NTSTATUS status =
        original_NtAdjustPrivilegesToken(token, disable_all, state, length, previous, needed);
    note_for_all();
    return status;
}

NTSTATUS NTAPI adjust_groups_and_note(HANDLE token, BOOLEAN reset, void* state, ULONG length, void* previous,
                                      ULONG* needed) {
    const NTSTATUS status = original_NtAdjustGroupsToken(token, reset, state, length, previous, needed);
    note_for_all();
    return status;
}

// The server of a named pipe gets its client's token by this.
NTSTATUS NTAPI control_file_and_note(HANDLE file, HANDLE event, void* apc, void* apc_context, void* io,
                                     ULONG code, void* in_buffer, ULONG in_length, void* out_buffer,
                                     ULONG out_length) {
    const NTSTATUS status = original_NtFsControlFile(file, event, apc, apc_context, io, code, in_buffer,
                                                     in_length, out_buffer, out_length);
    if (code == kImpersonatePipeClient) note_for_this_thread();
    return status;
}

}  // namespace ntalpc
