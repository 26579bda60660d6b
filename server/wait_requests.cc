// SPDX-License-Identifier: LGPL-2.1-or-later
// Waiting on port handles.
#include <cstring>

#include "ntalpc/status.h"
#include "server/dispatch.h"
#include "server/port_wait.h"

namespace ntalpc::server {

namespace {

constexpr std::size_t kMaxHandles = 64;  // what NtWaitForMultipleObjects takes

std::int32_t find_ports(const Call& call, wire::Bytes handles, std::vector<Ref<Port>>* ports) {
    const std::size_t count = handles.size() / sizeof(std::uint64_t);
    if (count == 0 || count > kMaxHandles || handles.size() % sizeof(std::uint64_t) != 0)
        return STATUS_INVALID_PARAMETER;
    for (std::size_t i = 0; i < count; ++i) {
        std::uint64_t id;
        std::memcpy(&id, handles.data() + i * sizeof(id), sizeof(id));
        const Handle* const handle = call.process().find(id);
        if (!handle) return STATUS_INVALID_HANDLE;
        auto* const port = dynamic_cast<Port*>(&handle->object());
        if (!port) return STATUS_OBJECT_TYPE_MISMATCH;
        ports->emplace_back(port);
    }
    return STATUS_SUCCESS;
}

}  // namespace

void handle(Call& call, const wire::WaitPorts::Request& request, const wire::WaitPorts::RequestBlobs& blobs) {
    std::vector<Ref<Port>> ports;
    if (const auto status = find_ports(call, blobs.handles, &ports)) return call.finish(status);
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
