// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/impersonation.h"

#include <algorithm>

namespace ntalpc::server {

using security::ImpersonationLevel;
using security::Token;

namespace {

// The privilege counts when it is held, also while it is disabled.
bool may_impersonate_anybody(const Token& token) {
    return std::any_of(token.privileges.begin(), token.privileges.end(), [](const auto& privilege) {
        return privilege.luid == security::privilege::kImpersonate;
    });
}

}  // namespace

ImpersonationLevel granted_level(const Token& server, const Token& client, ImpersonationLevel level) {
    if (level < ImpersonationLevel::impersonation || may_impersonate_anybody(server)) return level;
    const bool same_person = server.user == client.user && server.integrity >= client.integrity &&
                             (!server.restricted() || client.restricted());
    return same_person ? level : ImpersonationLevel::identification;
}

}  // namespace ntalpc::server
