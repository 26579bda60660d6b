// SPDX-License-Identifier: LGPL-2.1-or-later
// Asking what somebody could do with an object, without being them.
#include "ntalpc/status.h"
#include "server/dispatch.h"
#include "server/object_security.h"
#include "server/port_lookup.h"
#include "server/recorder.h"
#include "server/unix_token.h"

namespace ntalpc::server {

void handle(Call& call, const wire::CheckAccess::Request&, const wire::CheckAccess::RequestBlobs& blobs) {
    if (!may_look_at_others(call.process())) return call.finish(STATUS_ACCESS_DENIED);
    const auto sid = security::Sid::from_bytes(blobs.sid);
    if (!sid) return call.finish(STATUS_INVALID_SID);
    ObjectPath path;
    if (const auto status = read_path(blobs.name, {}, CaseRule::insensitive, &path))
        return call.finish(status);
    const security::Token token = token_of_sid(*sid);
    Ref<Object> object;
    wire::CheckAccess::Reply reply;
    reply.found = call.kernel.names.open(path, token, &object);
    if (reply.found != STATUS_SUCCESS) return call.reply<wire::CheckAccess>(STATUS_SUCCESS, reply);
    // Without any right there is nothing to say but 0, which `granted` says.
    check_object_access(*object, token, security::access::kMaximumAllowed, &reply.granted);
    const std::u16string full_path = object->path();
    const std::string_view type = object->type().name;
    call.reply<wire::CheckAccess>(STATUS_SUCCESS, reply,
                                  {.path = wire::bytes_of(full_path), .type_name = wire::bytes_of(type)});
}

}  // namespace ntalpc::server
