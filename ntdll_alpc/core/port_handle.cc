// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/port_handle.h"

#include "core/capability_cache.h"
#include "core/event_pair_memory.h"
#include "ntalpc/status.h"

namespace ntalpc::core {

namespace {

// What a server said is void with the next one.
struct Known {
    std::uint32_t generation = 0;
    ServerHandle meaning;
};
// Enough for a server or client with ten thousand connections, and for handles of which nobody hears that
// they are closed: by other processes under Wine.
using KnownHandles = CapabilityCache<Known, 65536>;

}  // namespace

void forget_handles_after_fork() {
    KnownHandles::instance().forget_after_fork();
}

void forget_capability(std::uint64_t cookie) {
    KnownHandles::instance().forget(cookie);
    forget_event_pair(cookie);
}

NTSTATUS resolve_handle(host::CallGuard& guard, Channel& channel, HANDLE handle, ServerHandle* resolved) {
    Known known;
    const auto is_known = [&](std::uint64_t cookie) {
        return KnownHandles::instance().find(cookie, &known) && known.generation == channel.generation();
    };
    Channel::LastHandle& last = channel.last_handle;
    // Before anything is asked, so that the answer is not older.
    const std::uint64_t version = host::handles_version();
    const bool unchanged = version != 0 && last.version == version && last.handle == handle;
    std::uint64_t cookie = unchanged ? last.cookie : host::known_cookie(handle);
    if (cookie != 0 && cookie == last.cookie) {
        last.handle = handle;
        last.version = version;
        *resolved = last.meaning;
        return STATUS_SUCCESS;
    }
    UniqueFd descriptor;
    if (cookie == 0 || !is_known(cookie)) {
        if (const NTSTATUS status = host::duplicate_descriptor(handle, &descriptor); status != STATUS_SUCCESS)
            return status;
        cookie = capability_cookie(descriptor.get());
        if (cookie == 0) return STATUS_OBJECT_TYPE_MISMATCH;
    }
    if (is_known(cookie)) {
        *resolved = known.meaning;
        last = {handle, version, cookie, known.meaning};
        return STATUS_SUCCESS;
    }
    wire::AdoptHandle::Request request;
    wire::AdoptHandle::Reply reply;
    wire::AdoptHandle::ReplyBlobs blobs;
    const NTSTATUS status =
        channel.call<wire::AdoptHandle>(guard, Blocking::no, request, {}, &reply, &blobs, descriptor.get());
    if (status == STATUS_OBJECT_TYPE_MISMATCH && is_hung_up(descriptor.get()))
        return STATUS_PORT_DISCONNECTED;
    if (status != STATUS_SUCCESS) return status;
    *resolved = {reply.handle, reply.access, reply.object_type};
    KnownHandles::instance().store(cookie, {channel.generation(), *resolved});
    return STATUS_SUCCESS;
}

NTSTATUS install_handle(Channel& channel, UniqueFd capability, const ServerHandle& meaning,
                        std::uint32_t attributes, HANDLE* handle) {
    if (!capability) return STATUS_INSUFFICIENT_RESOURCES;
    KnownHandles::instance().store(capability_cookie(capability.get()), {channel.generation(), meaning});
    return host::install_handle(std::move(capability), meaning.access, attributes, handle);
}

}  // namespace ntalpc::core
