// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/unix_token.h"

#include <algorithm>

#include "server/security/access.h"
#include "server/security/acl.h"

namespace ntalpc::server {

using security::Sid;
using security::Token;
namespace group = security::group;
namespace privilege = security::privilege;
namespace sids = security::sids;

const Sid kWineUser(5, {21, 0, 0, 0, 1000});
// The primary group of Wine's programs, to which their default DACL gives everything.
const Sid kWineGroup(5, {21, 0, 0, 0, 513});

namespace {

constexpr std::uint64_t kUnixAuthority = 22;
constexpr std::uint64_t kSystemLogon = 0x3E7;  // the logon session of Wine's tokens
constexpr std::uint64_t kUnixLogon = 0x1'0000'0000;
constexpr std::uint64_t kCreateGlobal = 30;

Sid user_sid(std::uint32_t user) {
    return Sid(kUnixAuthority, {1, user});
}

Sid group_sid(std::uint32_t id) {
    return Sid(kUnixAuthority, {2, id});
}

// Gives everything to the system and the user, as Wine's default does.
std::vector<std::byte> default_dacl(const Sid& user) {
    using security::access::kGenericAll;
    return security::AclWriter{}.allow(sids::kSystem, kGenericAll).allow(user, kGenericAll).finish().value();
}

void add_privilege(Token& token, std::uint64_t luid, bool enabled = true) {
    const std::uint32_t attributes = enabled ? privilege::kEnabled | privilege::kEnabledByDefault : 0;
    token.privileges.push_back({luid, attributes});
}

// What Wine's programs have (Wine's server makes every user an administrator) and root has by nature.
void make_administrator(Token& token) {
    token.groups.push_back({sids::kAdministrators,
                            group::kMandatory | group::kEnabled | group::kEnabledByDefault | group::kOwner});
    add_privilege(token, privilege::kSecurity, false);
    add_privilege(token, privilege::kTakeOwnership, false);
    add_privilege(token, privilege::kBackup, false);
    add_privilege(token, privilege::kRestore, false);
    add_privilege(token, privilege::kDebug, false);
    add_privilege(token, privilege::kImpersonate);
    add_privilege(token, kCreateGlobal);
    token.integrity = security::integrity::kHigh;
}

}  // namespace

Token token_of_unix_user(const UnixIdentity& identity, bool is_servers_own, std::uint64_t id) {
    constexpr std::uint32_t plain = group::kMandatory | group::kEnabled | group::kEnabledByDefault;
    Token token;
    token.user = is_servers_own ? kWineUser : user_sid(identity.user);
    token.groups = {{sids::kEveryone, plain},
                    {sids::kInteractive, plain},
                    {sids::kAuthenticatedUsers, plain},
                    {sids::kUsers, plain}};
    add_privilege(token, privilege::kChangeNotify);
    if (is_servers_own) token.groups.push_back({kWineGroup, plain});
    if (is_servers_own || identity.user == 0) make_administrator(token);
    const std::size_t room = security::kMaxTokenSids - token.groups.size();
    for (std::size_t i = 0; i < std::min(room, identity.groups.size()); ++i)
        token.groups.push_back({group_sid(identity.groups[i]), plain});
    token.primary_group = identity.groups.empty() ? sids::kUsers : group_sid(identity.groups.front());
    token.default_owner = token.user;
    token.default_dacl = default_dacl(token.user);
    token.authentication_id = is_servers_own ? kSystemLogon : kUnixLogon + identity.user;
    token.token_id = id;
    token.modified_id = id;
    return token;
}

Token token_of_sid(const Sid& sid) {
    const auto parts = sid.parts();
    if (sid == kWineUser) return token_of_unix_user({}, true, 0);
    if (sid.authority() == kUnixAuthority && parts.size() == 2 && sid == user_sid(parts[1]))
        return token_of_unix_user({.user = parts[1], .groups = {}}, false, 0);
    Token token;
    if (sid == sids::kAnonymous) {
        token.integrity = security::integrity::kUntrusted;
    } else {
        token = token_of_unix_user({.user = ~0u, .groups = {}}, false, 0);
        token.default_dacl = default_dacl(sid);
    }
    token.user = token.default_owner = sid;
    return token;
}

}  // namespace ntalpc::server
