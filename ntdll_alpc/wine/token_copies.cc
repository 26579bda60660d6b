// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wine/token_copies.h"

#include <cstring>
#include <span>
#include <vector>

#include "ntalpc/status.h"
#include "wine/imports.h"
#include "wine/token_facts.h"

namespace ntalpc::wine {

NTALPC_IMPORT(open_thread_token, "NtOpenThreadToken", NTSTATUS,
              (HANDLE thread, ACCESS_MASK access, BOOLEAN as_self, HANDLE* token));
NTALPC_IMPORT(nt_duplicate_token, "NtDuplicateToken", NTSTATUS,
              (HANDLE token, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes, BOOLEAN effective_only,
               int type, HANDLE* copy));
NTALPC_IMPORT(nt_adjust_privileges, "NtAdjustPrivilegesToken", NTSTATUS,
              (HANDLE token, BOOLEAN disable_all, const void* privileges, ULONG size, void* previous,
               ULONG* needed));

namespace {

// LUID_AND_ATTRIBUTES. TOKEN_PRIVILEGES is a count and an array of these.
struct Privilege {
    ULONG luid_low;
    LONG luid_high;
    ULONG attributes;
};
constexpr ULONG kPrivilegeEnabled = 2;
constexpr ULONG kPrivilegeRemoved = 4;
constexpr ULONG kTokenPrivileges = 3;
constexpr ULONG kTokenImpersonationLevel = 9;

}  // namespace

NTSTATUS nt_open_thread_token(HANDLE thread, ACCESS_MASK access, BOOLEAN as_self, HANDLE* token) {
    return open_thread_token(thread, access, as_self, token);
}

SECURITY_IMPERSONATION_LEVEL level_of(HANDLE token) {
    const auto answer = query_token(token, kTokenImpersonationLevel);
    ULONG level = SecurityDelegation;
    if (answer.size() >= sizeof(level)) std::memcpy(&level, answer.data(), sizeof(level));
    return static_cast<SECURITY_IMPERSONATION_LEVEL>(level);
}

NTSTATUS duplicate_token(HANDLE token, ACCESS_MASK access, SECURITY_IMPERSONATION_LEVEL level, HANDLE* copy) {
    SECURITY_QUALITY_OF_SERVICE quality{};
    quality.Length = sizeof(quality);
    quality.ImpersonationLevel = level;
    OBJECT_ATTRIBUTES how{};
    how.Length = sizeof(how);
    how.SecurityQualityOfService = &quality;
    constexpr int token_impersonation = 2;
    return nt_duplicate_token(token, access, &how, FALSE, token_impersonation, copy);
}

NTSTATUS keep_effective_only(HANDLE token) {
    auto answer = query_token(token, kTokenPrivileges);
    ULONG count = 0;
    if (answer.size() < sizeof(count)) return STATUS_SUCCESS;
    std::memcpy(&count, answer.data(), sizeof(count));
    std::vector<std::byte> removed(sizeof(count));
    ULONG removed_count = 0;
    for (std::size_t i = 0; i < count && sizeof(count) + (i + 1) * sizeof(Privilege) <= answer.size(); ++i) {
        Privilege privilege;
        std::memcpy(&privilege, answer.data() + sizeof(count) + i * sizeof(privilege), sizeof(privilege));
        if (privilege.attributes & kPrivilegeEnabled) continue;
        privilege.attributes = kPrivilegeRemoved;
        const auto bytes = std::as_bytes(std::span(&privilege, 1));
        removed.insert(removed.end(), bytes.begin(), bytes.end());
        ++removed_count;
    }
    if (removed_count == 0) return STATUS_SUCCESS;
    std::memcpy(removed.data(), &removed_count, sizeof(removed_count));
    return nt_adjust_privileges(token, FALSE, removed.data(), 0, nullptr, nullptr);
}

}  // namespace ntalpc::wine
