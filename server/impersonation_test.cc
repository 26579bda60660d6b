// SPDX-License-Identifier: LGPL-2.1-or-later
// How far one process may act as another.
#include "server/impersonation.h"

#include <gtest/gtest.h>

namespace ntalpc::server {
namespace {

using security::ImpersonationLevel;
using security::Token;

Token token_of(std::uint32_t user) {
    Token token;
    token.user = security::Sid(5, {21, 1, 2, 3, user});
    return token;
}

TEST(GrantedLevel, SameUserGetsWhatIsAllowed) {
    for (const auto level : {ImpersonationLevel::anonymous, ImpersonationLevel::identification,
                             ImpersonationLevel::impersonation, ImpersonationLevel::delegation})
        EXPECT_EQ(granted_level(token_of(1), token_of(1), level), level);
}

TEST(GrantedLevel, AnotherUserIsOnlyIdentified) {
    EXPECT_EQ(granted_level(token_of(1), token_of(2), ImpersonationLevel::impersonation),
              ImpersonationLevel::identification);
    EXPECT_EQ(granted_level(token_of(1), token_of(2), ImpersonationLevel::anonymous),
              ImpersonationLevel::anonymous);
}

TEST(GrantedLevel, ThePrivilegeCountsAlsoWhileDisabled) {
    Token server = token_of(1);
    server.privileges = {{security::privilege::kImpersonate, 0}};
    EXPECT_EQ(granted_level(server, token_of(2), ImpersonationLevel::delegation),
              ImpersonationLevel::delegation);
}

TEST(GrantedLevel, NobodyRisesAboveItsIntegrity) {
    Token server = token_of(1);
    server.integrity = security::integrity::kLow;
    EXPECT_EQ(granted_level(server, token_of(1), ImpersonationLevel::impersonation),
              ImpersonationLevel::identification);
}

TEST(GrantedLevel, ARestrictedServerDoesNotGetRidOfItsRestrictions) {
    Token server = token_of(1), client = token_of(1);
    server.restricted_sids = {{security::sids::kRestrictedCode, security::group::kEnabled}};
    EXPECT_EQ(granted_level(server, client, ImpersonationLevel::impersonation),
              ImpersonationLevel::identification);
    client.restricted_sids = server.restricted_sids;
    EXPECT_EQ(granted_level(server, client, ImpersonationLevel::impersonation),
              ImpersonationLevel::impersonation);
}

}  // namespace
}  // namespace ntalpc::server
