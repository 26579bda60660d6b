// SPDX-License-Identifier: LGPL-2.1-or-later
// What the core needs from its host to act as somebody else.
#pragma once

#include <cstdint>

#include "core/host.h"
#include "ntalpc/impersonated_token.h"

namespace ntalpc::host {

// Whom the calling thread is to become, as the server decided it (wire::Impersonation).
struct Impersonation {
    ImpersonatedToken whom = ImpersonatedToken::none;
    std::uint64_t process_id = 0;
    std::uint64_t token = 0;  // a handle of that process; 0: its primary token
    std::uint32_t level = 0;
    bool effective_only = false;
};

// When it fails the thread acts as before.
NtStatus impersonate(const Impersonation& who);

}  // namespace ntalpc::host
