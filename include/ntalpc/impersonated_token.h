// SPDX-License-Identifier: LGPL-2.1-or-later
// Between the server and its clients: where a thread that impersonates finds the token.
#pragma once

#include <cstdint>

namespace ntalpc {

enum class ImpersonatedToken : std::uint32_t {
    none,       // nothing changes
    of_client,  // the client process's primary token, or the copy behind a handle of that process
    own,        // the client is the same person in another world: the caller's own primary token
    anonymous,  // nobody
};

}  // namespace ntalpc
