// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/create_port.h"

#include "core/call_scope.h"

namespace ntalpc::core {

NTSTATUS create_port(wire::CreatePort::Request& request, const ObjectName& name, PHANDLE port_handle) {
    request.attributes = name.attributes;
    request.root = name.root;
    CallScope scope;
    NTSTATUS status = scope.connect_to_living_server();
    if (status != STATUS_SUCCESS) return status;
    const wire::CreatePort::RequestBlobs blobs = {.name = wire::bytes_of(name.path),
                                                  .security_descriptor = name.security_descriptor};
    wire::CreatePort::Reply reply;
    wire::CreatePort::ReplyBlobs reply_blobs;
    UniqueFd capability;
    status = scope.call<wire::CreatePort>(Blocking::no, request, blobs, &reply, &reply_blobs,
                                          std::span(&capability, 1));
    if (status != STATUS_SUCCESS) return status;
    return scope.give_handle(std::move(capability), reply.handle, reply.access, name.attributes, port_handle);
}

}  // namespace ntalpc::core
