// SPDX-License-Identifier: LGPL-2.1-or-later
// What the server has been told of the tokens that this process and its threads act with.
//
// The server decides about access and hands out identities, so it must know the caller's token at each call;
// but a call of a thread whose token has not changed must not cost a question to Wine. The host counts the
// changes it hears of, and only after one of them is the token looked at again.
#pragma once

#include <cstdint>

#include "core/host_tokens.h"
#include "ntalpc/ntbase.h"

namespace ntalpc::core {

class Channel;

// Part of a thread's channel.
struct PresentedTokens {
    std::uint32_t changes = 0;
    bool looked = false;
    host::TokenStamp thread;
    // The thread does not act as its process.
    bool impersonating() const { return thread != host::TokenStamp(); }
};

// Before a call: tells the server what has changed since the thread's last one.
NTSTATUS present_changed_tokens(host::CallGuard& guard, Channel& channel);

// Before a call that makes the server remember the caller's token as it is now: sees to it that there is a
// copy that stays so, also if the thread acts with the primary one.
NTSTATUS keep_current_token(host::CallGuard& guard, Channel& channel);

// In the child of a fork. The parent's lock may have been held by a thread that does not exist here.
void forget_primary_token();

}  // namespace ntalpc::core
