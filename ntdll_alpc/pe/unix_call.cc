// SPDX-License-Identifier: LGPL-2.1-or-later
// The PE half's way into the unix half. Wine hands out a handle to the unix half of a builtin module and runs
// its functions by number. Both are looked up at run time: import libraries do not know them, and without
// them (on Windows, or under a Wine that cannot load the unix half) the DLL must still load and answer.
#include "pe/unix_call.h"

#include "ntalpc/status.h"

extern "C" {
NTSTATUS NTAPI LdrGetDllHandle(PCWSTR search_path, PULONG characteristics, PUNICODE_STRING name,
                               PVOID* module);
NTSTATUS NTAPI LdrGetProcedureAddress(PVOID module, PSTRING name, ULONG ordinal, PVOID* address);
NTSTATUS NTAPI NtQueryVirtualMemory(HANDLE process, PVOID address, ULONG information_class, PVOID buffer,
                                    SIZE_T length, PSIZE_T return_length);
}

namespace ntalpc {
namespace {

using UnixHandle = std::uint64_t;
using Dispatcher = NTSTATUS(NTAPI*)(UnixHandle handle, unsigned int code, void* params);

constexpr ULONG kMemoryWineUnixFuncs = 1000;  // Wine's own class: the handle of a module's unix half

// Written before the first call and only read later.
Dispatcher dispatcher;
UnixHandle unix_handle;

template <std::size_t Size>
void* ntdll_export(const char (&name)[Size]) {
    static wchar_t ntdll_name[] = L"ntdll.dll";
    UNICODE_STRING module_name = {sizeof(ntdll_name) - sizeof(wchar_t), sizeof(ntdll_name),
                                  reinterpret_cast<PWSTR>(ntdll_name)};
    PVOID module = nullptr;
    if (!NT_SUCCESS(LdrGetDllHandle(nullptr, nullptr, &module_name, &module))) return nullptr;
    STRING export_name = {Size - 1, Size, const_cast<char*>(name)};
    PVOID address = nullptr;
    return NT_SUCCESS(LdrGetProcedureAddress(module, &export_name, 0, &address)) ? address : nullptr;
}

// Newer Wine exports a variable that holds the dispatcher, older Wine a function of the same form.
Dispatcher find_dispatcher() {
    if (void* variable = ntdll_export("__wine_unix_call_dispatcher"))
        return *static_cast<Dispatcher*>(variable);
    return reinterpret_cast<Dispatcher>(ntdll_export("__wine_unix_call"));
}

void log_error(const char* line) {
    using Output = int(__cdecl*)(const char*);
    if (auto* output = reinterpret_cast<Output>(ntdll_export("__wine_dbg_output"))) output(line);
}

}  // namespace

void attach_unix_half(void* module) {
    const Dispatcher found = find_dispatcher();
    if (!found) {
        log_error(
            "err:alpc: this ntdll has no way to call Unix code; ntdll_alpc works under Wine 8.0 or later\n");
        return;
    }
    const HANDLE current_process = reinterpret_cast<HANDLE>(static_cast<LONG_PTR>(-1));
    UnixHandle handle = 0;
    if (!NT_SUCCESS(NtQueryVirtualMemory(current_process, module, kMemoryWineUnixFuncs, &handle,
                                         sizeof(handle), nullptr))) {
        log_error("err:alpc: ntdll_alpc.so cannot be loaded; start the program with alpcrun\n");
        return;
    }
    AttachParams params = {kEntryTableHash};
    if (!NT_SUCCESS(found(handle, static_cast<unsigned int>(UnixCall::attach), &params))) {
        log_error("err:alpc: ntdll_alpc.dll and ntdll_alpc.so are from different builds; reinstall both\n");
        return;
    }
    unix_handle = handle;
    dispatcher = found;
}

NTSTATUS unix_call(UnixCall call, void* params) {
    if (!dispatcher) return STATUS_NOT_IMPLEMENTED;
    return dispatcher(unix_handle, static_cast<unsigned int>(call), params);
}

void log_missing(EntryPoint entry) {
    LogMissingParams params = {entry};
    unix_call(UnixCall::log_missing, &params);
}

}  // namespace ntalpc
