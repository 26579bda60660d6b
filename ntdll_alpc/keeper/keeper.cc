// SPDX-License-Identifier: LGPL-2.1-or-later
// ntalpc_keeper.exe: a process of Wine that holds handles on their way from one program to another
// (server/keeper.h). Nobody waits for it: it is a process of the system, which Wine tells when the last
// program has ended.
#include "ntalpc/ntbase.h"

extern "C" {
// ntdll_alpc.dll: works until it is not needed any more.
NTSTATUS NTAPI NtalpcKeepHandles();

NTSTATUS NTAPI NtTerminateProcess(HANDLE process, NTSTATUS status);
NTSTATUS NTAPI RtlCreateUserThread(HANDLE process, PVOID descriptor, BOOLEAN suspended, ULONG zero_bits,
                                   SIZE_T reserve, SIZE_T commit, PVOID start, PVOID argument, HANDLE* thread,
                                   PVOID id);
}

namespace {

constexpr auto kMakeProcessSystem =
    static_cast<PROCESSINFOCLASS>(1000);  // Wine's own class: gives an event that is set at the end

HANDLE current_process() {
    return reinterpret_cast<HANDLE>(static_cast<LONG_PTR>(-1));
}

DWORD WINAPI keep(void*) {
    NtalpcKeepHandles();
    NtTerminateProcess(current_process(), 0);
    return 0;
}

}  // namespace

extern "C" void keeper_start() {
    HANDLE end = nullptr, thread = nullptr;
    NTSTATUS status = NtSetInformationProcess(current_process(), kMakeProcessSystem, &end, sizeof(end));
    if (NT_SUCCESS(status)) {
        status = RtlCreateUserThread(current_process(), nullptr, FALSE, 0, 0, 0,
                                     reinterpret_cast<void*>(keep), nullptr, &thread, nullptr);
    }
    if (NT_SUCCESS(status)) NtWaitForSingleObject(end, FALSE, nullptr);
    NtTerminateProcess(current_process(), status);
}
