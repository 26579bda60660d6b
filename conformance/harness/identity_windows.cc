// SPDX-License-Identifier: LGPL-2.1-or-later
#ifdef _WIN32

#include <vector>

#include "conformance/harness/identity.h"
#include "conformance/harness/ports.h"

extern "C" NTSTATUS NTAPI NtOpenThreadToken(HANDLE thread, ACCESS_MASK access, BOOLEAN as_self,
                                            PHANDLE token);

namespace ntalpc::conformance {

namespace {

LUID privilege(const char* name) {
    LUID luid{};
    EXPECT_TRUE(LookupPrivilegeValueA(nullptr, name, &luid));
    return luid;
}

std::vector<char> query(HANDLE token, TOKEN_INFORMATION_CLASS what) {
    DWORD size = 0;
    GetTokenInformation(token, what, nullptr, 0, &size);
    std::vector<char> answer(size);
    EXPECT_TRUE(GetTokenInformation(token, what, answer.data(), size, &size));
    return answer;
}

bool holds(HANDLE token, const char* name) {
    const LUID wanted = privilege(name);
    const auto answer = query(token, TokenPrivileges);
    const auto* const all = reinterpret_cast<const TOKEN_PRIVILEGES*>(answer.data());
    for (DWORD i = 0; i < all->PrivilegeCount; ++i) {
        const LUID& held = all->Privileges[i].Luid;
        if (held.LowPart == wanted.LowPart && held.HighPart == wanted.HighPart) return true;
    }
    return false;
}

void adjust(HANDLE token, const char* name, DWORD attributes) {
    TOKEN_PRIVILEGES change{};
    change.PrivilegeCount = 1;
    change.Privileges[0] = {privilege(name), attributes};
    EXPECT_TRUE(AdjustTokenPrivileges(token, FALSE, &change, 0, nullptr, nullptr));
}

// Any handle that closes itself will do.
Port process_token(DWORD access) {
    Port token;
    EXPECT_TRUE(OpenProcessToken(GetCurrentProcess(), access, token.put()));
    return token;
}

bool is_process_user(HANDLE token) {
    const Port own = process_token(TOKEN_QUERY);
    const auto one = query(own.get(), TokenUser), other = query(token, TokenUser);
    return EqualSid(reinterpret_cast<const TOKEN_USER*>(one.data())->User.Sid,
                    reinterpret_cast<const TOKEN_USER*>(other.data())->User.Sid);
}

constexpr const char* disabled_privilege = "SeShutdownPrivilege";
constexpr const char* enabled_privilege = "SeChangeNotifyPrivilege";

}  // namespace

bool have_tokens() {
    return true;
}

ThreadIdentity thread_identity() {
    ThreadIdentity identity;
    Port token;
    identity.opened = NtOpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, token.put());
    if (identity.opened != STATUS_SUCCESS) return identity;
    identity.same_user = is_process_user(token.get());
    const auto level = query(token.get(), TokenImpersonationLevel);
    identity.level = *reinterpret_cast<const SECURITY_IMPERSONATION_LEVEL*>(level.data());
    identity.holds_disabled = holds(token.get(), disabled_privilege);
    identity.holds_enabled = holds(token.get(), enabled_privilege);
    return identity;
}

LUID process_token_modified_id() {
    const Port token = process_token(TOKEN_QUERY);
    const auto answer = query(token.get(), TokenStatistics);
    return reinterpret_cast<const TOKEN_STATISTICS*>(answer.data())->ModifiedId;
}

void act_as_somebody(SECURITY_IMPERSONATION_LEVEL level) {
    const Port own = process_token(TOKEN_DUPLICATE | TOKEN_QUERY);
    Port copy;
    ASSERT_TRUE(DuplicateTokenEx(own.get(), TOKEN_QUERY | TOKEN_IMPERSONATE | TOKEN_ADJUST_PRIVILEGES,
                                 nullptr, level, TokenImpersonation, copy.put()));
    adjust(copy.get(), enabled_privilege, SE_PRIVILEGE_REMOVED);
    ASSERT_TRUE(SetThreadToken(nullptr, copy.get()));
}

void adjust_process_token(bool enable) {
    const Port own = process_token(TOKEN_QUERY | TOKEN_ADJUST_PRIVILEGES);
    adjust(own.get(), disabled_privilege, enable ? SE_PRIVILEGE_ENABLED : 0);
}

void act_as_oneself() {
    EXPECT_TRUE(RevertToSelf());
}

}  // namespace ntalpc::conformance

#endif
