// SPDX-License-Identifier: LGPL-2.1-or-later
// From a packet to the handler of its request.
#pragma once

#include <span>

#include "generated/protocol.h"
#include "server/kernel.h"
#include "server/thread.h"

namespace ntalpc::server {

// One request under way. Its handler answers the thread or parks it.
struct Call {
    Kernel& kernel;
    Thread& thread;
    std::span<UniqueFd> descriptors;

    Process& process() const { return thread.process(); }
    template <class Request>
    void reply(std::int32_t status, typename Request::Reply& body,
               const typename Request::ReplyBlobs& blobs = {},
               std::span<const UniqueFd> descriptors_out = {}) {
        thread.reply<Request>(status, body, blobs, descriptors_out);
    }
    // Answers with a status and nothing else.
    void finish(std::int32_t status) { thread.reply(status); }
};

// A handler for every request of a registered thread.
#define NTALPC_DECLARE_HANDLER(Type) \
    void handle(Call& call, const wire::Type::Request& request, const wire::Type::RequestBlobs& blobs);
NTALPC_FOR_EACH_REQUEST(NTALPC_DECLARE_HANDLER)
#undef NTALPC_DECLARE_HANDLER

// Decodes a packet, whose header has been checked against its length, and runs the handler. Returns the rule
// that the packet breaks, or nullptr.
const char* dispatch(Kernel& kernel, Thread& thread, const wire::PacketHeader& header, wire::Bytes body,
                     std::span<UniqueFd> descriptors);

}  // namespace ntalpc::server
