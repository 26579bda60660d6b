// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests about objects that travel with messages.
#include <sys/stat.h>

#include <cstring>

#include "ntalpc/ntlpcapi.h"
#include "ntalpc/passing.h"
#include "ntalpc/status.h"
#include "server/capability.h"
#include "server/dispatch.h"
#include "server/keeper.h"
#include "server/port.h"
#include "server/port_lookup.h"

namespace ntalpc::server {

namespace {

// A keeper is a small program, but Wine may have to start its services for it.
constexpr Nanoseconds kKeeperPatience = Nanoseconds{30} * 1'000'000'000;

// The port that decides about what is sent from a port, or in an answer, or with a connect; nullptr when the
// send that follows will fail anyway.
Ref<Port> find_receiver(const Call& call, const wire::AttachHandles::Request& request, wire::Bytes name) {
    Ref<Object> target;
    if (request.handle == 0) {
        ObjectPath path;
        if (read_path(name, request.root, CaseRule::insensitive, &path) == STATUS_SUCCESS)
            call.kernel.names.open(path, call.thread.effective_token(), &target);
        return Ref<Port>(dynamic_cast<Port*>(target.get()));
    }
    Port* port = nullptr;
    if (find_port(call, request.handle, &port, request.message_id) != STATUS_SUCCESS) return {};
    const Message* const answered = port->find_conversation(request.message_id);
    const Connection* const connection = answered ? answered->connection() : port->connection();
    return Ref<Port>(connection ? connection->handle_gate(peer_of(port->side())) : nullptr);
}

// The server believes no more than it can see: who calls a port a file would get it past a port that lets
// only files in.
std::int32_t check_descriptor(const Call& call, const UniqueFd& descriptor, std::uint32_t type) {
    const bool ours = call.kernel.handles.find_by_cookie(socket_cookie(descriptor.get())) != nullptr;
    if (ours != (type == kPassedPort)) return STATUS_OBJECT_TYPE_MISMATCH;
    struct stat found;
    switch (type) {
        case kPassedPort:
        case ALPC_PORFLG_OBJECT_TYPE_FILE:
        case ALPC_PORFLG_OBJECT_TYPE_PROCESS:
            return STATUS_SUCCESS;
        case ALPC_PORFLG_OBJECT_TYPE_SECTION:
            return fstat(descriptor.get(), &found) == 0 && S_ISREG(found.st_mode)
                       ? STATUS_SUCCESS
                       : STATUS_OBJECT_TYPE_MISMATCH;
        default:
            return STATUS_NOT_SUPPORTED;
    }
}

std::int32_t attach_descriptors(Call& call, const std::vector<wire::PassedHandle>& objects) {
    if (objects.size() != call.descriptors.size()) return STATUS_INVALID_PARAMETER;
    PassedObjects made;
    for (std::size_t i = 0; i < objects.size(); ++i) {
        if (const auto status = check_descriptor(call, call.descriptors[i], objects[i].type)) return status;
        DescriptorCharge charge;
        if (!charge.charge(call.process().account())) return STATUS_QUOTA_EXCEEDED;
        wire::PassedHandle facts = objects[i];
        facts.value = 0;
        made.push_back(make_ref<PassedObject>(facts, std::move(call.descriptors[i]), std::move(charge)));
    }
    auto& attached = call.thread.attached();
    attached.insert(attached.end(), made.begin(), made.end());
    return STATUS_SUCCESS;
}

void attach_by_value(Call& call, const wire::AttachHandles::Request& request, wire::Bytes name,
                     std::vector<wire::PassedHandle> objects) {
    const std::uint64_t world = call.process().facts().world;
    if (world == 0 || !call.descriptors.empty()) return call.finish(STATUS_INVALID_PARAMETER);
    wire::AttachHandles::Reply reply;
    const Ref<Port> receiver = find_receiver(call, request, name);
    Keeper* const keeper = call.kernel.keepers.find(world);
    if (receiver && receiver->owner().world != world) {
        reply.need = static_cast<std::uint32_t>(AttachNeed::descriptors);
        return call.reply<wire::AttachHandles>(STATUS_SUCCESS, reply);
    }
    if (!keeper && !request.keeper_started) {
        reply.need = static_cast<std::uint32_t>(AttachNeed::keeper);
        return call.reply<wire::AttachHandles>(STATUS_SUCCESS, reply);
    }
    auto wait = std::make_unique<AttachWait>(call.thread, call.kernel.keepers, std::move(objects));
    AttachWait& waiting = *wait;
    call.thread.park(std::move(wait));
    call.kernel.set_deadline(waiting, kKeeperPatience);
    if (keeper) {
        waiting.assign(*keeper);
    } else {
        call.kernel.keepers.starting().push_back(&waiting);
    }
}

}  // namespace

void handle(Call& call, const wire::AttachHandles::Request& request,
            const wire::AttachHandles::RequestBlobs& blobs) {
    if (blobs.objects.size() % sizeof(wire::PassedHandle) != 0) return call.finish(STATUS_INVALID_PARAMETER);
    auto objects = wire::items_of<wire::PassedHandle>(blobs.objects);
    if (call.thread.attached().size() + objects.size() > ALPC_INDIRECT_HANDLE_MAX)
        return call.finish(STATUS_LPC_HANDLE_COUNT_EXCEEDED);
    if (request.by_value) return attach_by_value(call, request, blobs.name, std::move(objects));
    wire::AttachHandles::Reply reply;
    const auto status = attach_descriptors(call, objects);
    call.reply<wire::AttachHandles>(status, reply);
}

void handle(Call& call, const wire::QueryHandle::Request& request, const wire::QueryHandle::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port, request.message_id))
        return call.finish(status);
    Ref<PassedObject> object = call.thread.in_hand(request.message_id, request.index);
    if (!object) {
        const PassedObjects* const objects = port->find_objects(request.message_id, request.callback_id);
        if (!objects) return call.finish(STATUS_INVALID_MESSAGE);
        if (request.index >= objects->size()) return call.finish(STATUS_INVALID_HANDLE);
        object = (*objects)[request.index];
    }
    wire::QueryHandle::Reply reply;
    reply.object = object->facts();
    if (const Keeper* const keeper = object->keeper()) {
        if (!keeper->alive()) return call.finish(STATUS_INVALID_HANDLE);
        reply.keeper_process_id = keeper->process_id();
        reply.keeper_serial = keeper->serial();
        call.thread.take_in_hand(request.message_id, request.index, object);
        return call.reply<wire::QueryHandle>(STATUS_SUCCESS, reply);
    }
    call.reply<wire::QueryHandle>(STATUS_SUCCESS, reply, {}, std::span(&object->descriptor(), 1));
}

void handle(Call& call, const wire::HandlesTaken::Request&, const wire::HandlesTaken::RequestBlobs&) {
    call.thread.empty_hand();
}

void handle(Call& call, const wire::KeepHandles::Request& request,
            const wire::KeepHandles::RequestBlobs& blobs) {
    if (call.process().facts().world == 0) return call.finish(STATUS_INVALID_PARAMETER);
    Keeper* const keeper = call.kernel.keepers.appoint(call.process());
    if (!keeper) return call.finish(STATUS_OBJECT_NAME_COLLISION);
    if (blobs.results.size() % sizeof(wire::KeptHandle) != 0) return call.finish(STATUS_INVALID_PARAMETER);
    const Ref<Keeper> alive(keeper);
    keeper->report(request.order, wire::items_of<wire::KeptHandle>(blobs.results));
    if (const auto status = keeper->wait_for_order(call.thread)) call.finish(status);
}

}  // namespace ntalpc::server
