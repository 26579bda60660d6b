// SPDX-License-Identifier: LGPL-2.1-or-later
// The few system calls of ntdll that must know our handles and views. Where a process has this DLL loaded,
// their thunks in the loaded ntdll begin with a jump to functions of ours; no other process notices anything.
#pragma once

#include "ntalpc/ntbase.h"

namespace ntalpc {

// What the loaded ntdll did before. Only to be called by the replacements.
extern "C" {
NTSTATUS NTAPI original_NtAdjustGroupsToken(HANDLE token, BOOLEAN reset, void* state, ULONG length,
                                            void* previous, ULONG* needed);
NTSTATUS NTAPI original_NtAdjustPrivilegesToken(HANDLE token, BOOLEAN disable_all, void* state, ULONG length,
                                                void* previous, ULONG* needed);
NTSTATUS NTAPI original_NtClose(HANDLE handle);
NTSTATUS NTAPI original_NtDuplicateObject(HANDLE source_process, HANDLE source, HANDLE target_process,
                                          HANDLE* target, ACCESS_MASK access, ULONG attributes,
                                          ULONG options);
NTSTATUS NTAPI original_NtFsControlFile(HANDLE file, HANDLE event, void* apc, void* apc_context, void* io,
                                        ULONG code, void* in_buffer, ULONG in_length, void* out_buffer,
                                        ULONG out_length);
NTSTATUS NTAPI original_NtQueryObject(HANDLE handle, ULONG information_class, void* buffer, ULONG length,
                                      ULONG* return_length);
NTSTATUS NTAPI original_NtQuerySecurityObject(HANDLE handle, ULONG information, void* descriptor,
                                              ULONG length, ULONG* needed);
NTSTATUS NTAPI original_NtSetInformationThread(HANDLE thread, ULONG information_class, const void* buffer,
                                               ULONG length);
NTSTATUS NTAPI original_NtSetInformationToken(HANDLE token, ULONG information_class, void* buffer,
                                              ULONG length);
NTSTATUS NTAPI original_NtSetSecurityObject(HANDLE handle, ULONG information, void* descriptor);
NTSTATUS NTAPI original_NtSignalAndWaitForSingleObject(HANDLE signal, HANDLE wait, BOOLEAN alertable,
                                                       const LARGE_INTEGER* timeout);
NTSTATUS NTAPI original_NtTerminateThread(HANDLE thread, NTSTATUS status);
NTSTATUS NTAPI original_NtUnmapViewOfSection(HANDLE process, void* address);
NTSTATUS NTAPI original_NtWaitForMultipleObjects(ULONG count, const HANDLE* handles, BOOLEAN any,
                                                 BOOLEAN alertable, const LARGE_INTEGER* timeout);
NTSTATUS NTAPI original_NtWaitForSingleObject(HANDLE handle, BOOLEAN alertable, const LARGE_INTEGER* timeout);
}

struct HookedCall {
    const char* name;
    const void* replacement;
};

// Puts the replacements in place: all of them, or none and one logged line when this ntdll's thunks are not
// what they are known to be. Other threads may be in the middle of any of the calls.
bool install_hooks();

}  // namespace ntalpc
