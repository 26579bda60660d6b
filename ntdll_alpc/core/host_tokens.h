// SPDX-License-Identifier: LGPL-2.1-or-later
// What the core needs from its host to tell the server of tokens.
#pragma once

#include <cstdint>
#include <vector>

#include "core/host.h"

namespace ntalpc::host {

// Counts up whenever the calling thread may act with another token than before, or the process with a changed
// one. Asked on every call, so it enters no kernel.
std::uint32_t token_changes();

// The state of a token that the calling thread has got (all zero: it acts as its process), and of the primary
// one.
NtStatus thread_token_stamp(TokenStamp* stamp);
NtStatus process_token_stamp(TokenStamp* stamp);

// A token as it is now, and a handle to a copy that stays so. Empty where the server knows the token by
// itself.
struct KeptToken {
    std::vector<std::byte> encoded;
    std::uint64_t handle = 0;
};
NtStatus keep_thread_token(KeptToken* kept);
NtStatus keep_process_token(KeptToken* kept);
void drop_kept_token(std::uint64_t handle);

}  // namespace ntalpc::host
