// SPDX-License-Identifier: LGPL-2.1-or-later
// Tokens of the system that the program runs on, made from its own by NtFilterToken and
// NtAdjustPrivilegesToken, with what the library needs to know of them.
#pragma once

#include <gtest/gtest.h>

// After gtest: windows.h defines names that it uses.
#include <windows.h>
#include <winternl.h>

#include <cstring>
#include <string>
#include <vector>

#include "server/security/token.h"

extern "C" {
NTSTATUS NTAPI NtFilterToken(HANDLE, ULONG, TOKEN_GROUPS*, TOKEN_PRIVILEGES*, TOKEN_GROUPS*, HANDLE*);
NTSTATUS NTAPI NtAccessCheck(PSECURITY_DESCRIPTOR, HANDLE, ACCESS_MASK, GENERIC_MAPPING*, PRIVILEGE_SET*,
                             ULONG*, ACCESS_MASK*, NTSTATUS*);
}

namespace ntalpc::security {

struct TokenPair {
    std::string name;
    HANDLE handle;  // an impersonation token
    Token token;
};

inline std::vector<std::byte> query_token(HANDLE token, TOKEN_INFORMATION_CLASS kind) {
    DWORD needed = 0;
    GetTokenInformation(token, kind, nullptr, 0, &needed);
    std::vector<std::byte> buffer(needed);
    if (!GetTokenInformation(token, kind, buffer.data(), needed, &needed)) buffer.clear();
    return buffer;
}

inline Sid sid_of(PSID sid) {
    const auto* const bytes = static_cast<const std::byte*>(sid);
    return Sid::parse({bytes, GetLengthSid(sid)}).value_or(Sid());
}

inline std::vector<SidAndAttributes> groups_of(const std::vector<std::byte>& buffer) {
    std::vector<SidAndAttributes> result;
    if (buffer.empty()) return result;
    const auto& groups = *reinterpret_cast<const TOKEN_GROUPS*>(buffer.data());
    for (DWORD i = 0; i < groups.GroupCount; ++i)
        result.push_back({sid_of(groups.Groups[i].Sid), groups.Groups[i].Attributes});
    return result;
}

inline Token describe(HANDLE handle) {
    Token token;
    const auto user = query_token(handle, TokenUser);
    token.user = sid_of(reinterpret_cast<const TOKEN_USER*>(user.data())->User.Sid);
    token.user_attributes = reinterpret_cast<const TOKEN_USER*>(user.data())->User.Attributes;
    token.groups = groups_of(query_token(handle, TokenGroups));
    token.restricted_sids = groups_of(query_token(handle, TokenRestrictedSids));
    const auto held = query_token(handle, TokenPrivileges);
    const auto& privileges = *reinterpret_cast<const TOKEN_PRIVILEGES*>(held.data());
    for (DWORD i = 0; i < privileges.PrivilegeCount; ++i)
        token.privileges.push_back(
            {privileges.Privileges[i].Luid.LowPart, privileges.Privileges[i].Attributes});
    const auto label = query_token(handle, TokenIntegrityLevel);
    token.integrity =
        sid_of(reinterpret_cast<const TOKEN_MANDATORY_LABEL*>(label.data())->Label.Sid).last_part();
    return token;
}

inline void adjust(HANDLE token, std::uint64_t privilege, bool enable) {
    TOKEN_PRIVILEGES change = {};
    change.PrivilegeCount = 1;
    change.Privileges[0].Luid.LowPart = static_cast<DWORD>(privilege);
    change.Privileges[0].Attributes = enable ? SE_PRIVILEGE_ENABLED : 0;
    AdjustTokenPrivileges(token, FALSE, &change, 0, nullptr, nullptr);
}

// A copy of the program's token, for impersonation, without the groups at some places of its list.
inline TokenPair make_token(const std::string& name, HANDLE process_token, unsigned groups_without,
                            std::uint64_t enable = 0) {
    auto buffer = query_token(process_token, TokenGroups);
    auto& groups = *reinterpret_cast<TOKEN_GROUPS*>(buffer.data());
    DWORD kept = 0;
    for (DWORD i = 0; i < groups.GroupCount; ++i) {
        if (i < 32 && (groups_without >> i & 1) != 0) groups.Groups[kept++] = groups.Groups[i];
    }
    groups.GroupCount = kept;
    HANDLE filtered = nullptr, impersonation = nullptr;
    EXPECT_GE(NtFilterToken(process_token, 0, kept ? &groups : nullptr, nullptr, nullptr, &filtered), 0)
        << name;
    EXPECT_TRUE(DuplicateTokenEx(filtered, TOKEN_ALL_ACCESS, nullptr, SecurityImpersonation,
                                 TokenImpersonation, &impersonation))
        << name;
    CloseHandle(filtered);
    adjust(impersonation, privilege::kSecurity, enable == privilege::kSecurity);
    adjust(impersonation, privilege::kTakeOwnership, enable == privilege::kTakeOwnership);
    return {name, impersonation, describe(impersonation)};
}

}  // namespace ntalpc::security
