// SPDX-License-Identifier: LGPL-2.1-or-later
// Processes, threads and privileges through Wine.
#include <cstring>

#include "core/host_processes.h"
#include "ntalpc/ntbase.h"
#include "ntalpc/status.h"
#include "wine/imports.h"

namespace ntalpc::wine {

NTALPC_IMPORT(nt_open_process, "NtOpenProcess", NTSTATUS,
              (HANDLE * handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes,
               const CLIENT_ID* id));
NTALPC_IMPORT(nt_open_thread, "NtOpenThread", NTSTATUS,
              (HANDLE * handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes,
               const CLIENT_ID* id));
NTALPC_IMPORT(nt_privilege_check, "NtPrivilegeCheck", NTSTATUS,
              (HANDLE token, void* privileges, BOOLEAN* result));

}  // namespace ntalpc::wine

namespace ntalpc::host {

namespace {

OBJECT_ATTRIBUTES plain_attributes(std::uint32_t attributes) {
    OBJECT_ATTRIBUTES result{};
    result.Length = sizeof(result);
    result.Attributes = attributes & OBJ_INHERIT;
    return result;
}

CLIENT_ID client_id(std::uint64_t process_id, std::uint64_t thread_id) {
    CLIENT_ID id;
    id.UniqueProcess = reinterpret_cast<HANDLE>(static_cast<std::uintptr_t>(process_id));
    id.UniqueThread = reinterpret_cast<HANDLE>(static_cast<std::uintptr_t>(thread_id));
    return id;
}

}  // namespace

NtStatus open_process(std::uint64_t process_id, std::uint32_t, std::uint32_t access, std::uint32_t attributes,
                      NtHandle* handle) {
    const OBJECT_ATTRIBUTES how = plain_attributes(attributes);
    const CLIENT_ID id = client_id(process_id, 0);
    return wine::nt_open_process(handle, access, &how, &id);
}

NtStatus open_thread(std::uint64_t process_id, std::uint64_t thread_id, std::uint32_t access,
                     std::uint32_t attributes, NtHandle* handle) {
    const OBJECT_ATTRIBUTES how = plain_attributes(attributes);
    const CLIENT_ID id = client_id(process_id, thread_id);
    return wine::nt_open_thread(handle, access, &how, &id);
}

NtStatus thread_ids(NtHandle thread, std::uint64_t* process_id, std::uint64_t* thread_id) {
    // THREAD_BASIC_INFORMATION: exit status, TEB, client id, masks.
    struct {
        NTSTATUS exit_status;
        void* teb;
        CLIENT_ID id;
        ULONG_PTR affinity;
        LONG priority, base_priority;
    } basic{};
    const NtStatus status = wine::nt_query_information_thread(thread, 0, &basic, sizeof(basic), nullptr);
    *process_id = reinterpret_cast<std::uintptr_t>(basic.id.UniqueProcess);
    *thread_id = reinterpret_cast<std::uintptr_t>(basic.id.UniqueThread);
    return status;
}

bool has_privilege(std::uint32_t luid) {
    constexpr ACCESS_MASK token_query = 8;
    HANDLE token = nullptr;
    if (wine::nt_open_process_token(wine::kCurrentProcess, token_query, &token) != STATUS_SUCCESS)
        return false;
    // PRIVILEGE_SET with one entry.
    struct {
        ULONG count = 1, control = 0;
        LUID privilege{};
        ULONG attributes = 0;
    } set;
    set.privilege.LowPart = luid;
    BOOLEAN held = FALSE;
    const NtStatus status = wine::nt_privilege_check(token, &set, &held);
    wine::nt_close(token);
    return status == STATUS_SUCCESS && held;
}

}  // namespace ntalpc::host
