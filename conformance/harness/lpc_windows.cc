// SPDX-License-Identifier: LGPL-2.1-or-later
// Sections, waits and times as a Windows program has them.
#ifdef _WIN32

#include "conformance/harness/lpc.h"

namespace ntalpc::conformance::lpc {

namespace {

LONGLONG value_of(const FILETIME& time) {
    return static_cast<LONGLONG>(ULONGLONG{time.dwHighDateTime} << 32 | time.dwLowDateTime);
}

}  // namespace

Section::Section(std::size_t size, Kind kind) {
    const DWORD flags = PAGE_READWRITE | (kind == Kind::reserved ? SEC_RESERVE : SEC_COMMIT);
    handle_ =
        Port(CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, flags, 0, static_cast<DWORD>(size), nullptr));
    EXPECT_NE(handle_.get(), nullptr) << "CreateFileMappingW: error " << GetLastError();
    if (kind != Kind::read_only) return;
    HANDLE limited = nullptr;
    EXPECT_TRUE(DuplicateHandle(GetCurrentProcess(), handle_.get(), GetCurrentProcess(), &limited,
                                FILE_MAP_READ, FALSE, 0));
    handle_ = Port(limited);
}

bool is_mapped(const void* address) {
    MEMORY_BASIC_INFORMATION information{};
    EXPECT_NE(VirtualQuery(address, &information, sizeof(information)), 0u);
    return information.State != MEM_FREE;
}

HANDLE duplicate(HANDLE handle) {
    HANDLE result = nullptr;
    EXPECT_TRUE(DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &result, 0, FALSE,
                                DUPLICATE_SAME_ACCESS));
    return result;
}

NTSTATUS wait_for(HANDLE handle, std::chrono::milliseconds timeout) {
    LARGE_INTEGER limit = relative(timeout);
    return NtWaitForSingleObject(handle, FALSE, &limit);
}

LONGLONG process_creation_time() {
    FILETIME created, ended, kernel, user;
    EXPECT_TRUE(GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user));
    return value_of(created);
}

LONGLONG thread_creation_time() {
    FILETIME created, ended, kernel, user;
    EXPECT_TRUE(GetThreadTimes(GetCurrentThread(), &created, &ended, &kernel, &user));
    return value_of(created);
}

const LONGLONG creation_time_tolerance = 0;

bool thread_has_token() {
    HANDLE token = nullptr;
    if (!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token)) return false;
    CloseHandle(token);
    return true;
}

bool is_impersonating() {
    return thread_has_token();
}

void revert() {
    EXPECT_TRUE(RevertToSelf());
}

bool holds_tcb_privilege() {
    HANDLE token = nullptr;
    EXPECT_TRUE(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token));
    PRIVILEGE_SET set{};
    set.PrivilegeCount = 1;
    EXPECT_TRUE(LookupPrivilegeValueA(nullptr, "SeTcbPrivilege", &set.Privilege[0].Luid));
    BOOL held = FALSE;
    EXPECT_TRUE(PrivilegeCheck(token, &set, &held));
    CloseHandle(token);
    return held;
}

}  // namespace ntalpc::conformance::lpc

#endif
