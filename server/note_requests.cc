// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests by which a process hears of its ports without waiting for each of them.
#include "ntalpc/status.h"
#include "server/dispatch.h"
#include "server/port.h"
#include "server/port_lookup.h"

namespace ntalpc::server {

void handle(Call& call, const wire::AssociatePort::Request& request,
            const wire::AssociatePort::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    call.finish(port->associate(call.process(), request.cookie));
}

void handle(Call& call, const wire::DropAssociation::Request& request,
            const wire::DropAssociation::RequestBlobs&) {
    call.finish(call.process().notes().drop(request.cookie) ? STATUS_SUCCESS : STATUS_NOT_FOUND);
}

void handle(Call& call, const wire::TakeNotes::Request&, const wire::TakeNotes::RequestBlobs&) {
    call.process().notes().answer_or_park(call.thread);
}

void handle(Call& call, const wire::PortEvent::Request& request, const wire::PortEvent::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    UniqueFd descriptor;
    if (const auto status = port->event(call.process().account(), &descriptor)) return call.finish(status);
    wire::PortEvent::Reply reply;
    call.reply<wire::PortEvent>(STATUS_SUCCESS, reply, {}, std::span(&descriptor, 1));
}

}  // namespace ntalpc::server
