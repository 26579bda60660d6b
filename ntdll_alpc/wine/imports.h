// SPDX-License-Identifier: LGPL-2.1-or-later
// What the Wine host uses of Wine's ntdll.so. Wine's headers describe the Wine they came with, while this
// library meets others at run time, above all others' calling conventions: Wine 8.0 exports these functions
// with that of Windows, later versions may use the one of Unix. So they are declared here with the project's
// own types, and each call goes the way that detect_calling_convention() found.
#pragma once

#include <cstdint>

#include "ntalpc/ntbase.h"

namespace ntalpc::wine {

#if defined(__x86_64__)
#define NTALPC_MS_ABI __attribute__((ms_abi))
#else
#define NTALPC_MS_ABI  // other processors have one convention for both worlds
#endif

// Set by detect_calling_convention(); all imports follow it.
extern bool imports_use_ms_abi;

// Calls a harmless function such that its answer tells from which registers it took its argument. Must run on
// a thread of Wine before any import is called.
void detect_calling_convention();

// Declares `identifier` as the import of `symbol`, which gives `result` and takes `parameters`. The symbol
// gets two declarations, one per convention: g++ takes calls that differ only in a cast of the function for
// the same and merges them. The assembler names keep clear of the declarations in NT headers.
#define NTALPC_IMPORT(identifier, symbol, result, parameters)                        \
    extern "C" NTALPC_MS_ABI result windows_##identifier parameters __asm__(symbol); \
    extern "C" result unix_##identifier parameters __asm__(symbol);                  \
    struct Import_##identifier {                                                     \
        template <typename... Arguments>                                             \
        result operator()(Arguments... arguments) const {                            \
            if (imports_use_ms_abi) return windows_##identifier(arguments...);       \
            return unix_##identifier(arguments...);                                  \
        }                                                                            \
    };                                                                               \
    inline constexpr Import_##identifier identifier

struct DebugChannel {
    std::uint8_t flags;
    char name[15];
};

NTALPC_IMPORT(nt_close, "NtClose", NTSTATUS, (HANDLE handle));
NTALPC_IMPORT(nt_duplicate_object, "NtDuplicateObject", NTSTATUS,
              (HANDLE source_process, HANDLE source, HANDLE target_process, HANDLE* target,
               ACCESS_MASK access, ULONG attributes, ULONG options));
NTALPC_IMPORT(nt_query_object, "NtQueryObject", NTSTATUS,
              (HANDLE handle, ULONG information_class, void* buffer, ULONG size, ULONG* needed));
NTALPC_IMPORT(nt_query_information_process, "NtQueryInformationProcess", NTSTATUS,
              (HANDLE process, ULONG information_class, void* buffer, ULONG size, ULONG* needed));
NTALPC_IMPORT(nt_query_information_thread, "NtQueryInformationThread", NTSTATUS,
              (HANDLE thread, ULONG information_class, void* buffer, ULONG size, ULONG* needed));
NTALPC_IMPORT(nt_open_process_token, "NtOpenProcessToken", NTSTATUS,
              (HANDLE process, ACCESS_MASK access, HANDLE* token));
NTALPC_IMPORT(nt_query_information_token, "NtQueryInformationToken", NTSTATUS,
              (HANDLE token, ULONG information_class, void* buffer, ULONG size, ULONG* needed));
NTALPC_IMPORT(nt_read_virtual_memory, "NtReadVirtualMemory", NTSTATUS,
              (HANDLE process, const void* address, void* buffer, SIZE_T size, SIZE_T* done));
NTALPC_IMPORT(nt_write_virtual_memory, "NtWriteVirtualMemory", NTSTATUS,
              (HANDLE process, void* address, const void* buffer, SIZE_T size, SIZE_T* done));
NTALPC_IMPORT(nt_query_virtual_memory, "NtQueryVirtualMemory", NTSTATUS,
              (HANDLE process, const void* address, ULONG information_class, void* buffer, SIZE_T size,
               SIZE_T* needed));
NTALPC_IMPORT(nt_create_thread, "NtCreateThreadEx", NTSTATUS,
              (HANDLE * thread, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes, HANDLE process,
               void* start, void* argument, ULONG flags, SIZE_T zero_bits, SIZE_T stack_commit,
               SIZE_T stack_reserve, void* attribute_list));
NTALPC_IMPORT(nt_create_event, "NtCreateEvent", NTSTATUS,
              (HANDLE * event, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes, int type,
               BOOLEAN state));
NTALPC_IMPORT(nt_set_event, "NtSetEvent", NTSTATUS, (HANDLE event, LONG* previous));
NTALPC_IMPORT(nt_reset_event, "NtResetEvent", NTSTATUS, (HANDLE event, LONG* previous));
NTALPC_IMPORT(nt_compare_objects, "NtCompareObjects", NTSTATUS, (HANDLE one, HANDLE other));
NTALPC_IMPORT(nt_create_directory, "NtCreateDirectoryObject", NTSTATUS,
              (HANDLE * directory, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes));
NTALPC_IMPORT(nt_open_directory, "NtOpenDirectoryObject", NTSTATUS,
              (HANDLE * directory, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes));
NTALPC_IMPORT(nt_create_symbolic_link, "NtCreateSymbolicLinkObject", NTSTATUS,
              (HANDLE * link, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes,
               const UNICODE_STRING* target));
NTALPC_IMPORT(nt_open_symbolic_link, "NtOpenSymbolicLinkObject", NTSTATUS,
              (HANDLE * link, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes));
NTALPC_IMPORT(nt_query_symbolic_link, "NtQuerySymbolicLinkObject", NTSTATUS,
              (HANDLE link, UNICODE_STRING* target, ULONG* needed));
NTALPC_IMPORT(unicode_to_utf8, "RtlUnicodeToUTF8N", NTSTATUS,
              (char* to, ULONG room, ULONG* size, const WCHAR* from, ULONG from_size));
NTALPC_IMPORT(current_teb, "NtCurrentTeb", void*, ());
NTALPC_IMPORT(server_fd_to_handle, "wine_server_fd_to_handle", NTSTATUS,
              (int fd, unsigned int access, unsigned int attributes, HANDLE* handle));
NTALPC_IMPORT(server_handle_to_fd, "wine_server_handle_to_fd", NTSTATUS,
              (HANDLE handle, unsigned int access, int* fd, unsigned int* options));
NTALPC_IMPORT(debug_channel_flags, "__wine_dbg_get_channel_flags", std::uint8_t, (DebugChannel * channel));
NTALPC_IMPORT(debug_header, "__wine_dbg_header", int,
              (int debug_class, DebugChannel* channel, const char* function));
NTALPC_IMPORT(debug_output, "__wine_dbg_output", int, (const char* text));

inline constexpr ULONG kDuplicateSameAccess = 2;
inline const HANDLE kCurrentProcess = reinterpret_cast<HANDLE>(static_cast<std::intptr_t>(-1));
inline const HANDLE kCurrentThread = reinterpret_cast<HANDLE>(static_cast<std::intptr_t>(-2));

}  // namespace ntalpc::wine
