// SPDX-License-Identifier: LGPL-2.1-or-later
// Waiting on port handles.
#include <cstring>

#include "ntalpc/status.h"
#include "server/dispatch.h"
#include "server/port_wait.h"

namespace ntalpc::server {

namespace {

constexpr std::size_t kMaxHandles = 64;  // what NtWaitForMultipleObjects takes

std::uint64_t number_at(wire::Bytes numbers, std::size_t index) {
    std::uint64_t number;
    std::memcpy(&number, numbers.data() + index * sizeof(number), sizeof(number));
    return number;
}

std::int32_t find_ports(const Call& call, wire::Bytes handles, wire::Bytes list_posts,
                        std::vector<WatchedPort>* ports) {
    const std::size_t count = handles.size() / sizeof(std::uint64_t);
    if (count == 0 || count > kMaxHandles || handles.size() % sizeof(std::uint64_t) != 0)
        return STATUS_INVALID_PARAMETER;
    if (!list_posts.empty() && list_posts.size() != handles.size()) return STATUS_INVALID_PARAMETER;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t id = number_at(handles, i);
        const Handle* const handle = call.process().find(id);
        if (!handle) return STATUS_INVALID_HANDLE;
        auto* const port = dynamic_cast<Port*>(&handle->object());
        if (!port) return STATUS_OBJECT_TYPE_MISMATCH;
        ports->push_back({Ref<Port>(port), list_posts.empty() ? 0 : number_at(list_posts, i)});
    }
    return STATUS_SUCCESS;
}

}  // namespace

void handle(Call& call, const wire::WaitPorts::Request& request, const wire::WaitPorts::RequestBlobs& blobs) {
    std::vector<WatchedPort> ports;
    if (const auto status = find_ports(call, blobs.handles, blobs.list_posts, &ports))
        return call.finish(status);
    const bool all = request.all != 0;
    if (const auto found = find_signalled(ports, all)) {
        wire::WaitPorts::Reply reply;
        reply.index = *found;
        return call.reply<wire::WaitPorts>(STATUS_SUCCESS, reply);
    }
    if (request.timeout == 0) return call.finish(STATUS_TIMEOUT);
    call.thread.park(std::make_unique<PortWait>(call.thread, std::move(ports), all));
    call.kernel.set_deadline(*call.thread.wait(), request.timeout);
}

}  // namespace ntalpc::server
