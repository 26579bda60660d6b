// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/presented_tokens.h"

#include <cstring>
#include <mutex>
#include <new>

#include "core/channel.h"
#include "core/immortal.h"
#include "core/server_process.h"
#include "ntalpc/status.h"

namespace ntalpc::core {

namespace {

using host::KeptToken;
using host::TokenStamp;

// The primary token as the present server knows it. The mutex is held during short exchanges with the server,
// never while a call waits.
struct PrimaryToken {
    std::mutex mutex;
    std::uint32_t generation = 0;
    TokenStamp stamp;
    bool kept = false;
};

PrimaryToken& primary() {
    static Immortal<PrimaryToken> instance;
    return *instance;
}

NTSTATUS present(host::CallGuard& guard, Channel& channel, bool of_process, const KeptToken& token) {
    wire::PresentToken::Request request;
    wire::PresentToken::Reply reply;
    wire::PresentToken::ReplyBlobs blobs;
    request.of_process = of_process ? 1 : 0;
    request.handle = token.handle;
    const NTSTATUS status = channel.call<wire::PresentToken>(guard, Blocking::no, request,
                                                             {.token = token.encoded}, &reply, &blobs);
    if (status != STATUS_SUCCESS) {
        if (token.handle != 0) host::drop_kept_token(token.handle);
        return status;
    }
    for (std::size_t at = 0; at + sizeof(token.handle) <= blobs.released.size(); at += sizeof(token.handle)) {
        std::uint64_t handle;
        std::memcpy(&handle, blobs.released.data() + at, sizeof(handle));
        host::drop_kept_token(handle);
    }
    return STATUS_SUCCESS;
}

// Tells of the primary token if it is not what the server knows, or is to be kept and is not.
NTSTATUS present_primary(host::CallGuard& guard, Channel& channel, bool keep) {
    PrimaryToken& known = primary();
    const std::lock_guard lock(known.mutex);
    if (known.generation != channel.generation()) {
        known.generation = channel.generation();
        known.stamp = registered_token();
        known.kept = false;
    }
    TokenStamp stamp;
    NTSTATUS status = host::process_token_stamp(&stamp);
    if (status != STATUS_SUCCESS || (stamp == known.stamp && (known.kept || !keep))) return status;
    KeptToken token;
    status = host::keep_process_token(&token);
    if (status == STATUS_SUCCESS && !token.encoded.empty()) status = present(guard, channel, true, token);
    if (status != STATUS_SUCCESS) return status;
    known.stamp = stamp;
    known.kept = true;
    return STATUS_SUCCESS;
}

NTSTATUS present_own(host::CallGuard& guard, Channel& channel, TokenStamp* known) {
    TokenStamp stamp;
    NTSTATUS status = host::thread_token_stamp(&stamp);
    if (status != STATUS_SUCCESS || stamp == *known) return status;
    KeptToken token;
    if (stamp != TokenStamp()) status = host::keep_thread_token(&token);
    if (status == STATUS_SUCCESS) status = present(guard, channel, false, token);
    if (status == STATUS_SUCCESS) *known = stamp;
    return status;
}

}  // namespace

NTSTATUS present_changed_tokens(host::CallGuard& guard, Channel& channel) {
    PresentedTokens& known = channel.presented_tokens;
    // Read first: a change in the middle of what follows is seen by the next call.
    const std::uint32_t changes = host::token_changes();
    if (known.looked && known.changes == changes) return STATUS_SUCCESS;
    NTSTATUS status = present_own(guard, channel, &known.thread);
    if (status == STATUS_SUCCESS) status = present_primary(guard, channel, false);
    if (status != STATUS_SUCCESS) return status;
    known.changes = changes;
    known.looked = true;
    return STATUS_SUCCESS;
}

NTSTATUS keep_current_token(host::CallGuard& guard, Channel& channel) {
    if (channel.presented_tokens.thread != TokenStamp()) return STATUS_SUCCESS;
    return present_primary(guard, channel, true);
}

void forget_primary_token() {
    PrimaryToken& known = primary();
    new (&known.mutex) std::mutex;
    known.generation = 0;
}

}  // namespace ntalpc::core
