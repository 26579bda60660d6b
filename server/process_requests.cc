// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests about processes, handles and the server itself.
#include <unistd.h>

#include "ntalpc/status.h"
#include "server/capability.h"
#include "server/dispatch.h"
#include "server/event_pair.h"
#include "server/port.h"

namespace ntalpc::server {

// Registration is answered by the channel (channel.cc), which knows whom it is connected to; dispatch() never
// gets this far with it.
void handle(Call& call, const wire::RegisterProcess::Request&, const wire::RegisterProcess::RequestBlobs&) {
    call.finish(STATUS_INVALID_PARAMETER);
}

void handle(Call& call, const wire::RegisterThread::Request&, const wire::RegisterThread::RequestBlobs&) {
    call.finish(STATUS_INVALID_PARAMETER);
}

void handle(Call& call, const wire::CancelWait::Request& request, const wire::CancelWait::RequestBlobs&) {
    if (Wait* const wait = call.thread.wait()) wait->finish(request.status);
}

void handle(Call& call, const wire::AdoptHandle::Request&, const wire::AdoptHandle::RequestBlobs&) {
    Handle* const handle = call.kernel.handles.find_by_cookie(socket_cookie(call.descriptors[0].get()));
    if (!handle) return call.finish(STATUS_OBJECT_TYPE_MISMATCH);
    if (!call.process().adopt(*handle)) return call.finish(STATUS_QUOTA_EXCEEDED);
    if (auto* const port = dynamic_cast<Port*>(&handle->object())) port->used_by(call.process());
    wire::AdoptHandle::Reply reply;
    reply.handle = handle->id();
    reply.access = handle->access();
    reply.object_type = handle->object().type().code;
    call.reply<wire::AdoptHandle>(STATUS_SUCCESS, reply);
}

void handle(Call& call, const wire::ServerStatus::Request&, const wire::ServerStatus::RequestBlobs&) {
    wire::ServerStatus::Reply reply;
    reply.processes = static_cast<std::uint32_t>(Process::alive());
    reply.threads = static_cast<std::uint32_t>(Thread::alive());
    reply.handles = static_cast<std::uint32_t>(Handle::alive());
    reply.ports = static_cast<std::uint32_t>(Port::alive());
    reply.connections = static_cast<std::uint32_t>(Connection::alive());
    reply.messages = static_cast<std::uint32_t>(Message::alive());
    reply.event_pairs = static_cast<std::uint32_t>(EventPair::alive());
    reply.waits = static_cast<std::uint32_t>(Wait::alive());
    reply.passed_objects = static_cast<std::uint32_t>(PassedObject::alive());
    reply.sections = static_cast<std::uint32_t>(PortSection::alive());
    reply.views = static_cast<std::uint32_t>(View::alive());
    reply.server_process_id = static_cast<std::uint64_t>(getpid());
    call.reply<wire::ServerStatus>(STATUS_SUCCESS, reply);
}

}  // namespace ntalpc::server
