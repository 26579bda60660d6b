// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/security/token.h"

#include <gtest/gtest.h>

namespace ntalpc::security {
namespace {

Token full_token() {
    Token token;
    token.user = Sid(5, {21, 1, 2, 3, 1000});
    token.groups = {{sids::kEveryone, group::kMandatory | group::kEnabled},
                    {sids::kAdministrators, group::kUseForDenyOnly}};
    token.primary_group = Sid(5, {21, 1, 2, 3, 513});
    token.default_owner = token.user;
    token.default_dacl.resize(8, std::byte{2});
    token.privileges = {{privilege::kSecurity, 0}, {privilege::kDebug, privilege::kEnabled}};
    token.restricted_sids = {{sids::kRestrictedCode, group::kEnabled}};
    token.write_restricted = true;
    token.integrity = integrity::kLow;
    token.app_container = Sid(15, {2, 5});
    token.capabilities = {{Sid(15, {3, 1}), group::kEnabled}};
    token.authentication_id = 0x3E7;
    token.token_id = 0x123456789;
    token.modified_id = 77;
    token.type = TokenType::impersonation;
    token.level = ImpersonationLevel::delegation;
    return token;
}

TEST(Token, SurvivesTheWire) {
    EXPECT_EQ(decode(encode(full_token())), full_token());
    EXPECT_EQ(decode(encode(Token())), Token());
}

TEST(Token, IsRefusedWhenCutOrLengthened) {
    auto bytes = encode(full_token());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(decode(Bytes(bytes).first(size))) << size;
    bytes.push_back(std::byte{0});
    EXPECT_FALSE(decode(bytes));
}

TEST(Token, IsRefusedBeyondItsLimits) {
    Token token = full_token();
    token.groups.resize(kMaxTokenSids + 1);
    EXPECT_FALSE(decode(encode(token)));
    token = full_token();
    token.privileges.resize(kMaxTokenPrivileges + 1);
    EXPECT_FALSE(decode(encode(token)));
    token = full_token();
    token.default_dacl.resize(kMaxDefaultDacl + 1);
    EXPECT_FALSE(decode(encode(token)));
    token = full_token();
    token.level = static_cast<ImpersonationLevel>(4);
    EXPECT_FALSE(decode(encode(token)));
    token = full_token();
    token.type = static_cast<TokenType>(0);
    EXPECT_FALSE(decode(encode(token)));
}

// Every damaged byte gives another token or none; nothing else can happen.
TEST(Token, IsReadSafelyWhateverTheBytes) {
    const auto bytes = encode(full_token());
    std::size_t refused = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        for (const int value : {0, 1, 0x7F, 0x80, 0xFF}) {
            auto damaged = bytes;
            damaged[i] = static_cast<std::byte>(value);
            const auto token = decode(damaged);
            if (!token) ++refused;
            if (token) {
                EXPECT_EQ(encode(*token), damaged) << i;
            }
        }
    }
    EXPECT_GT(refused, 0u);
}

TEST(Token, HoldsAPrivilegeOnlyWhileItIsEnabled) {
    EXPECT_FALSE(full_token().has_privilege(privilege::kSecurity));
    EXPECT_TRUE(full_token().has_privilege(privilege::kDebug));
    EXPECT_FALSE(full_token().has_privilege(privilege::kTcb));
}

TEST(Token, DoesNotCountGroupsForDenialsOnly) {
    EXPECT_TRUE(full_token().has_enabled(sids::kEveryone));
    EXPECT_FALSE(full_token().has_enabled(sids::kAdministrators));
    EXPECT_TRUE(full_token().has_enabled(full_token().user));
}

}  // namespace
}  // namespace ntalpc::security
