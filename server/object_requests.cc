// SPDX-License-Identifier: LGPL-2.1-or-later
// Questions that make sense for objects of every type.
#include <span>
#include <string>
#include <string_view>

#include "ntalpc/status.h"
#include "server/dispatch.h"

namespace ntalpc::server {

void handle(Call& call, const wire::QueryObject::Request& request, const wire::QueryObject::RequestBlobs&) {
    const Handle* const handle = call.process().find(request.handle);
    if (!handle) return call.finish(STATUS_INVALID_HANDLE);
    const Object& object = handle->object();
    const ObjectType& type = object.type();
    wire::QueryObject::Reply reply;
    reply.access = handle->access();
    reply.handle_count = static_cast<std::uint32_t>(object.handles());
    reply.reference_count = static_cast<std::uint32_t>(object.references());
    reply.generic_read = type.mapping.read;
    reply.generic_write = type.mapping.write;
    reply.generic_execute = type.mapping.execute;
    reply.generic_all = type.mapping.all;
    reply.valid_access = type.valid_access;
    const std::string_view ascii = type.name;
    const std::u16string type_name(ascii.begin(), ascii.end());
    const std::u16string path = object.path();
    call.reply<wire::QueryObject>(
        STATUS_SUCCESS, reply,
        {.type_name = std::as_bytes(std::span(type_name)), .path = std::as_bytes(std::span(path))});
}

}  // namespace ntalpc::server
