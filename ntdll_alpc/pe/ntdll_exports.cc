// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pe/ntdll_exports.h"

#include "ntalpc/ntbase.h"

extern "C" {
NTSTATUS NTAPI LdrGetDllHandle(PCWSTR search_path, PULONG characteristics, PUNICODE_STRING name,
                               PVOID* module);
NTSTATUS NTAPI LdrGetProcedureAddress(PVOID module, PSTRING name, ULONG ordinal, PVOID* address);
}

namespace ntalpc {

void* ntdll_export(const char* name) {
    static wchar_t ntdll_name[] = L"ntdll.dll";
    UNICODE_STRING module_name = {sizeof(ntdll_name) - sizeof(wchar_t), sizeof(ntdll_name),
                                  reinterpret_cast<PWSTR>(ntdll_name)};
    PVOID module = nullptr;
    if (!NT_SUCCESS(LdrGetDllHandle(nullptr, nullptr, &module_name, &module))) return nullptr;
    USHORT length = 0;
    while (name[length]) ++length;
    STRING export_name = {length, static_cast<USHORT>(length + 1), const_cast<char*>(name)};
    PVOID address = nullptr;
    return NT_SUCCESS(LdrGetProcedureAddress(module, &export_name, 0, &address)) ? address : nullptr;
}

void log_error(const char* line) {
    using Output = int(__cdecl*)(const char*);
    if (auto* output = reinterpret_cast<Output>(ntdll_export("__wine_dbg_output"))) output(line);
}

}  // namespace ntalpc
