// SPDX-License-Identifier: LGPL-2.1-or-later
// The PE half's way into the unix half. Wine hands out a handle to the unix half of a builtin module and runs
// its functions by number. Both are looked up at run time: import libraries do not know them, and without
// them (on Windows, or under a Wine that cannot load the unix half) the DLL must still load and answer.
#include "pe/unix_call.h"

#include "core/left_call.h"
#include "ntalpc/status.h"
#include "pe/left_calls.h"
#include "pe/ntdll_exports.h"

extern "C" NTSTATUS NTAPI NtQueryVirtualMemory(HANDLE process, PVOID address, ULONG information_class,
                                               PVOID buffer, SIZE_T length, PSIZE_T return_length);

namespace ntalpc {
namespace {

using UnixHandle = std::uint64_t;
using Dispatcher = NTSTATUS(NTAPI*)(UnixHandle handle, unsigned int code, void* params);

constexpr ULONG kMemoryWineUnixFuncs = 1000;  // Wine's own class: the handle of a module's unix half

// Written before the first call and only read later.
Dispatcher dispatcher;
UnixHandle unix_handle;

// Newer Wine exports a variable that holds the dispatcher, older Wine a function of the same form.
Dispatcher find_dispatcher() {
    if (void* variable = ntdll_export("__wine_unix_call_dispatcher"))
        return *static_cast<Dispatcher*>(variable);
    return reinterpret_cast<Dispatcher>(ntdll_export("__wine_unix_call"));
}

}  // namespace

bool attach_unix_half(void* module) {
    const Dispatcher found = find_dispatcher();
    if (!found) {
        log_error(
            "err:alpc: this ntdll has no way to call Unix code; ntdll_alpc works under Wine 8.0 or later\n");
        return false;
    }
    const HANDLE current_process = reinterpret_cast<HANDLE>(static_cast<LONG_PTR>(-1));
    UnixHandle handle = 0;
    if (!NT_SUCCESS(NtQueryVirtualMemory(current_process, module, kMemoryWineUnixFuncs, &handle,
                                         sizeof(handle), nullptr))) {
        log_error("err:alpc: ntdll_alpc.so cannot be loaded; start the program with alpcrun\n");
        return false;
    }
    AttachParams params = {kEntryTableHash};
    if (!NT_SUCCESS(found(handle, static_cast<unsigned int>(UnixCall::attach), &params))) {
        log_error("err:alpc: ntdll_alpc.dll and ntdll_alpc.so are from different builds; reinstall both\n");
        return false;
    }
    unix_handle = handle;
    dispatcher = found;
    return true;
}

NTSTATUS unix_call(UnixCall call, void* params) {
    if (!dispatcher) return STATUS_NOT_IMPLEMENTED;
    return dispatcher(unix_handle, static_cast<unsigned int>(call), params);
}

NTSTATUS program_call(UnixCall call, void* params) {
    const NTSTATUS status = unix_call(call, params);
    return status == core::kCallLeft ? wait_alertably() : status;
}

void log_missing(EntryPoint entry) {
    LogMissingParams params = {entry};
    unix_call(UnixCall::log_missing, &params);
}

}  // namespace ntalpc
