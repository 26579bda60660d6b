// SPDX-License-Identifier: LGPL-2.1-or-later
// Tokens for clients that bring none, or none that can be believed: who they are by their Unix user.
#pragma once

#include <cstdint>
#include <vector>

#include "server/security/token.h"

namespace ntalpc::server {

// As the kernel tells it of the other end of a socket.
struct UnixIdentity {
    std::uint32_t user = 0;
    std::vector<std::uint32_t> groups;  // the primary one first
};

// The user that Wine gives every program. Within a prefix there is one user, and a native peer that the same
// Unix user started is the same person.
extern const security::Sid kWineUser;

// The server's own Unix user is the one of its Wine programs; all others are S-1-22-1-uid with the groups
// S-1-22-2-gid, which is how Samba names Unix identities. `id` becomes the token id and the modified id.
security::Token token_of_unix_user(const UnixIdentity& identity, bool is_servers_own, std::uint64_t id);

// To ask what somebody could do: the above for a SID that it gives out, without the groups of a Unix user,
// which only the kernel knows; for any other SID an ordinary user of that SID, who is in nobody's group if
// anonymous.
security::Token token_of_sid(const security::Sid& sid);

}  // namespace ntalpc::server
