// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests about access tokens.
#include <algorithm>
#include <utility>

#include "ntalpc/status.h"
#include "server/dispatch.h"

namespace ntalpc::server {

namespace {

// A token in memory costs about as much as on the wire, and something for the object.
constexpr std::size_t kTokenOverhead = sizeof(ClientToken) + 64;

std::int32_t make_token(Process& process, const wire::PresentToken::Request& request, wire::Bytes encoded,
                        TokenRef* made) {
    auto facts = security::decode(encoded);
    if (!facts) return STATUS_INVALID_PARAMETER;
    MessageCharge charge;
    if (!charge.charge(process.account(), kTokenOverhead + encoded.size())) return STATUS_QUOTA_EXCEEDED;
    *made = make_ref<const ClientToken>(*std::move(facts), request.handle,
                                        std::weak_ptr(process.released_handles()), std::move(charge));
    return STATUS_SUCCESS;
}

// As many as surely fit an answer; the others come with the next one.
ReleasedHandles take(ReleasedHandles& all) {
    constexpr std::size_t most = 4096;
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), most));
    ReleasedHandles taken(all.begin(), end);
    all.erase(all.begin(), end);
    return taken;
}

// Of a process whose word does not count for its tokens nothing changes; its handle is given back at once.
std::int32_t present(Call& call, const wire::PresentToken::Request& request, wire::Bytes encoded) {
    Process& process = call.process();
    if (encoded.empty()) {
        if (request.of_process) return STATUS_INVALID_PARAMETER;
        call.thread.set_own_token({});
        return STATUS_SUCCESS;
    }
    TokenRef token;
    if (const auto status = make_token(process, request, encoded, &token)) return status;
    if (!process.facts().believed) return STATUS_SUCCESS;
    if (request.of_process) {
        call.kernel.leases.take_back_of(process, "a token changed");
        process.set_token(std::move(token));
    } else {
        call.thread.set_own_token(std::move(token));
    }
    return STATUS_SUCCESS;
}

}  // namespace

void handle(Call& call, const wire::PresentToken::Request& request,
            const wire::PresentToken::RequestBlobs& blobs) {
    if (const auto status = present(call, request, blobs.token)) return call.finish(status);
    wire::PresentToken::Reply reply;
    const ReleasedHandles released = take(*call.process().released_handles());
    call.reply<wire::PresentToken>(STATUS_SUCCESS, reply, {.released = std::as_bytes(std::span(released))});
}

}  // namespace ntalpc::server
