// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests on event pairs.

#include "ntalpc/ntbase.h"
#include "ntalpc/status.h"
#include "server/capability.h"
#include "server/dispatch.h"
#include "server/event_pair.h"
#include "server/object_security.h"
#include "server/port_lookup.h"

namespace ntalpc::server {

namespace {

// The rights of a handle are its own, so every open makes a new one.
template <class Request>
void reply_with_new_handle(Call& call, std::int32_t success, EventPair& pair, std::uint32_t access) {
    NewHandle made;
    if (const auto status = call.kernel.handles.open(call.process(), Ref<Object>(&pair), access, &made))
        return call.finish(status);
    typename Request::Reply reply;
    reply.handle = made.handle().id();
    reply.access = made.handle().access();
    const UniqueFd descriptor = made.commit();
    call.reply<Request>(success, reply, {}, std::span(&descriptor, 1));
}

// Rights that an event pair does not have are left out rather than refused: programs ask for all of an
// event's (low confidence).
template <class Request>
void open_pair(Call& call, std::int32_t success, EventPair& pair, std::uint32_t desired) {
    std::uint32_t granted = 0;
    const auto status = check_object_access(pair, call.thread.effective_token(), desired, &granted);
    if (status != STATUS_SUCCESS) return call.finish(status);
    reply_with_new_handle<Request>(call, success, pair, granted);
}

std::int32_t find_by_name(const Call& call, const ObjectPath& path, Ref<EventPair>* found) {
    Ref<Object> object;
    const security::Token& token = call.thread.effective_token();
    if (const auto status = call.kernel.names.open(path, token, &object)) return status;
    auto* const pair = dynamic_cast<EventPair*>(object.get());
    if (!pair) return STATUS_OBJECT_TYPE_MISMATCH;
    *found = Ref<EventPair>(pair);
    return STATUS_SUCCESS;
}

}  // namespace

void handle(Call& call, const wire::CreateEventPair::Request& request,
            const wire::CreateEventPair::RequestBlobs& blobs) {
    using wire::CreateEventPair;
    ObjectPath path;
    if (const auto status = read_path(blobs.name, request.root, case_rule(request.attributes), &path))
        return call.finish(status);
    const bool named = !path.text.empty();
    Ref<EventPair> pair;
    if (named && (request.attributes & OBJ_OPENIF)) {
        const auto status = find_by_name(call, path, &pair);
        if (status == STATUS_SUCCESS)
            return open_pair<CreateEventPair>(call, STATUS_OBJECT_NAME_EXISTS, *pair, request.access);
        if (status != STATUS_OBJECT_NAME_NOT_FOUND) return call.finish(status);
    }
    const security::Token& token = call.thread.effective_token();
    std::uint32_t granted = 0;
    auto status = check_permanent(request.attributes, token);
    if (status == STATUS_SUCCESS) status = grant_to_creator(kEventPairType, token, request.access, &granted);
    if (status == STATUS_SUCCESS) status = EventPair::make(call.process().account(), &pair);
    if (status == STATUS_SUCCESS && named)
        status = call.kernel.names.insert(path, {token, call.process().account()}, *pair);
    if (status == STATUS_SUCCESS)
        status = assign_descriptor(*pair, blobs.security_descriptor, token, call.process().account());
    if (status != STATUS_SUCCESS) return call.finish(status);
    reply_with_new_handle<CreateEventPair>(call, STATUS_SUCCESS, *pair, granted);
    // What its creator got no handle to does not stay.
    if (named && (request.attributes & OBJ_PERMANENT) && pair->handles() != 0) {
        pair->make_permanent();
        pair->parent()->own(Ref<Object>(pair.get()));
    }
}

void handle(Call& call, const wire::OpenEventPair::Request& request,
            const wire::OpenEventPair::RequestBlobs& blobs) {
    ObjectPath path;
    auto status = read_path(blobs.name, request.root, case_rule(request.attributes), &path);
    Ref<EventPair> pair;
    if (status == STATUS_SUCCESS) status = find_by_name(call, path, &pair);
    if (status != STATUS_SUCCESS) return call.finish(status);
    open_pair<wire::OpenEventPair>(call, STATUS_SUCCESS, *pair, request.access);
}

// The memory can be written by whoever has it, so only a handle that may be waited on and set gets it.
void handle(Call& call, const wire::EventPairMemory::Request&, const wire::EventPairMemory::RequestBlobs&) {
    const Handle* const handle = call.kernel.handles.find_by_cookie(socket_cookie(call.descriptors[0].get()));
    auto* const pair = handle ? dynamic_cast<EventPair*>(&handle->object()) : nullptr;
    if (!pair) return call.finish(STATUS_OBJECT_TYPE_MISMATCH);
    if (!(handle->access() & SYNCHRONIZE)) return call.finish(STATUS_ACCESS_DENIED);
    wire::EventPairMemory::Reply reply;
    call.reply<wire::EventPairMemory>(STATUS_SUCCESS, reply, {}, std::span(&pair->memory(), 1));
}

}  // namespace ntalpc::server
