// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests about leases.
#include "ntalpc/status.h"
#include "server/dispatch.h"
#include "server/kernel.h"
#include "server/port.h"
#include "server/port_lookup.h"

namespace ntalpc::server {

namespace {

// Which side of the lease's connection the caller is. A process may be both; then `wanted` decides.
bool is_side(const Process& process, const Connection& connection, Side side) {
    const Port* const port = side == Side::client ? connection.port(Side::client) : connection.listener();
    return port && port->owner_facts() == process.shared_facts();
}

// Through one of the handles that the process has presented.
std::uint64_t handle_to(const Process& process, const Port* port) {
    const Handle* const handle = process.find_handle_to(*port);
    return handle ? handle->id() : 0;
}

}  // namespace

// What has come through the server, and is not over, could be overtaken.
void handle(Call& call, const wire::TakeLease::Request& request, const wire::TakeLease::RequestBlobs&) {
    Lease* const lease = call.kernel.leases.find(request.lease);
    if (!lease || lease->stage() == Lease::Stage::held) return call.finish(STATUS_NOT_FOUND);
    Connection& connection = lease->connection();
    const Side side = lease->stage() == Lease::Stage::offered ? Side::server : Side::client;
    if (connection.lease_obstacle()) return call.finish(STATUS_NOT_FOUND);
    if (!is_side(call.process(), connection, side)) {
        const bool early = side == Side::server && is_side(call.process(), connection, Side::client);
        return call.finish(early ? STATUS_RETRY : STATUS_NOT_FOUND);
    }
    const bool quiet = connection.quiet() && connection.port(Side::client)->drained();
    if (side == Side::client && !quiet) return call.finish(STATUS_RETRY);
    std::array<UniqueFd, 3> descriptors;
    if (const auto status = lease->take_part(side, &descriptors)) {
        connection.lease_is_unusable();  // the lease is gone then
        return call.finish(status);
    }
    const Port& own = side == Side::client ? *connection.port(Side::client) : *connection.listener();
    wire::TakeLease::Reply reply;
    reply.is_server = side == Side::server;
    reply.max_message_length = own.max_message_length();
    reply.port = handle_to(call.process(), &own);
    reply.port_context = connection.port_context(side);
    reply.peer_process_id =
        side == Side::client ? connection.listener()->owner().id : connection.client_facts().id;
    wire::MessageAttributes shown;
    shown.allocated = ALPC_MESSAGE_TOKEN_ATTRIBUTE;
    lease->security_of(Side::client).show(side == Side::server, &shown);
    reply.token_id = shown.token_id;
    reply.authentication_id = shown.authentication_id;
    reply.modified_id = shown.modified_id;
    reply.client_sequence = connection.sequence(Side::client);
    reply.sent_sequence = own.sequence();
    call.reply<wire::TakeLease>(STATUS_SUCCESS, reply, {}, descriptors);
    connection.lease_taken(side);
}

void handle(Call& call, const wire::WatchPort::Request& request, const wire::WatchPort::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port_for_messages(call, request.handle, &port)) return call.finish(status);
    if (port->kind() != Port::Kind::connection || port->owner_facts() != call.process().shared_facts())
        return call.finish(STATUS_INVALID_PORT_HANDLE);
    std::array<UniqueFd, 2> descriptors;
    if (const auto status = port->watch(call.process().account(), &descriptors[0], &descriptors[1]))
        return call.finish(status);
    wire::WatchPort::Reply reply;
    call.reply<wire::WatchPort>(STATUS_SUCCESS, reply, {}, descriptors);
}

void handle(Call& call, const wire::CheckSender::Request& request, const wire::CheckSender::RequestBlobs&) {
    const Lease* const lease = call.kernel.leases.find(request.lease);
    if (!lease || !lease->involves(call.process())) return call.finish(STATUS_NOT_FOUND);
    const bool known = lease->has_thread(request.by_client ? Side::client : Side::server, request.thread_id);
    call.finish(known ? STATUS_SUCCESS : STATUS_NOT_FOUND);
}

void handle(Call& call, const wire::ReleaseLeases::Request& request,
            const wire::ReleaseLeases::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port_for_messages(call, request.handle, &port)) return call.finish(status);
    if (request.lease == 0) {
        port->drop_leases("a process gave it back");
    } else if (Lease* const lease = call.kernel.leases.find(request.lease - 1)) {
        const Connection& connection = lease->connection();
        if (connection.listener() == port || connection.port(Side::client) == port)
            lease->connection().lease_is_unusable();
    }
    call.finish(STATUS_SUCCESS);
}

void handle(Call& call, const wire::ReportGarbage::Request& request,
            const wire::ReportGarbage::RequestBlobs&) {
    Lease* const lease = call.kernel.leases.find(request.lease);
    if (!lease || !lease->involves(call.process())) return call.finish(STATUS_NOT_FOUND);
    const Ref<Connection> connection(&lease->connection());
    connection->drop_lease("garbage in its shared memory");
    connection->garbage_in_lease();
    call.finish(STATUS_SUCCESS);
}

}  // namespace ntalpc::server
