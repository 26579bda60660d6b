// SPDX-License-Identifier: LGPL-2.1-or-later
// How far one may act as another.
#pragma once

#include "server/security/token.h"

namespace ntalpc::server {

// The level at which a process with the token `server` may act as `client`, which has allowed `level`: a
// process without SeImpersonatePrivilege gets no more than Identification, unless it is the same user, not
// more restricted and not of lower integrity ("Impersonate a client after authentication", Windows XP SP2 and
// later).
security::ImpersonationLevel granted_level(const security::Token& server, const security::Token& client,
                                           security::ImpersonationLevel level);

}  // namespace ntalpc::server
