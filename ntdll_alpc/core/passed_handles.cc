// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/passed_handles.h"

#include "core/call_scope.h"
#include "core/host_passing.h"
#include "ntalpc/passing.h"

namespace ntalpc::core {

namespace {

// A keeper may end between any two steps; more than a few in a row mean that none can live.
constexpr int kAttempts = 4;

// Handles that stand in for those of the program while a keeper duplicates them.
class StandIns {
  public:
    StandIns() = default;
    StandIns(const StandIns&) = delete;
    StandIns& operator=(const StandIns&) = delete;
    ~StandIns() {
        for (const HANDLE handle : handles_) host::close_handle(handle);
    }
    void add(HANDLE handle) { handles_.push_back(handle); }

  private:
    std::vector<HANDLE> handles_;
};

host::PassedFacts facts_of(const HandleToPass& given) {
    return {given.flags, given.type, given.access, 0};
}

wire::PassedHandle to_wire(const host::PassedFacts& facts, HANDLE value) {
    wire::PassedHandle object;
    object.value = reinterpret_cast<std::uintptr_t>(value);
    object.flags = facts.flags;
    object.type = facts.type;
    object.access = facts.access;
    object.attributes = facts.attributes;
    return object;
}

wire::AttachHandles::Request request_for(const Carrier& carrier) {
    wire::AttachHandles::Request request;
    request.handle = carrier.port;
    request.message_id = carrier.message_id;
    request.root = carrier.root;
    return request;
}

NTSTATUS attach_descriptors(CallScope& scope, const Carrier& carrier,
                            const std::vector<HandleToPass>& handles) {
    for (const HandleToPass& given : handles) {
        host::PassedFacts facts = facts_of(given);
        UniqueFd descriptor;
        NTSTATUS status = host::object_descriptor(given.handle, &facts, &descriptor);
        if (status != STATUS_SUCCESS) return status;
        wire::AttachHandles::Request request = request_for(carrier);
        wire::AttachHandles::Reply reply;
        wire::AttachHandles::ReplyBlobs reply_blobs;
        const wire::PassedHandle object = to_wire(facts, nullptr);
        const wire::AttachHandles::RequestBlobs blobs{.name = carrier.name,
                                                      .objects = std::as_bytes(std::span(&object, 1))};
        status = scope.call<wire::AttachHandles>(Blocking::no, request, blobs, &reply, &reply_blobs, {},
                                                 descriptor.get());
        if (status != STATUS_SUCCESS) return status;
    }
    return STATUS_SUCCESS;
}

// The caller waits for the keeper, and may be terminated meanwhile.
NTSTATUS attach_values(CallScope& scope, const Carrier& carrier,
                       const std::vector<wire::PassedHandle>& objects, AttachNeed* need) {
    wire::AttachHandles::Request request = request_for(carrier);
    request.by_value = 1;
    const wire::AttachHandles::RequestBlobs blobs{.name = carrier.name,
                                                  .objects = std::as_bytes(std::span(objects))};
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        wire::AttachHandles::Reply reply;
        wire::AttachHandles::ReplyBlobs reply_blobs;
        NTSTATUS status =
            scope.call<wire::AttachHandles>(Blocking::yes, request, blobs, &reply, &reply_blobs);
        if (status != STATUS_SUCCESS) return status;
        *need = static_cast<AttachNeed>(reply.need);
        if (*need != AttachNeed::keeper) return STATUS_SUCCESS;
        if (status = host::start_keeper(); status != STATUS_SUCCESS) return status;
        request.keeper_started = 1;
    }
    return STATUS_INSUFFICIENT_RESOURCES;
}

}  // namespace

NTSTATUS attach_handles(CallScope& scope, const Carrier& carrier, const std::vector<HandleToPass>& handles) {
    if (handles.empty()) return STATUS_SUCCESS;
    if (!host::passes_by_value()) return attach_descriptors(scope, carrier, handles);
    StandIns stand_ins;
    std::vector<wire::PassedHandle> objects;
    for (const HandleToPass& given : handles) {
        host::PassedFacts facts = facts_of(given);
        HANDLE kept = nullptr;
        bool made = false;
        const NTSTATUS status = host::handle_to_keep(given.handle, &facts, &kept, &made);
        if (made) stand_ins.add(kept);
        if (status != STATUS_SUCCESS) return status;
        objects.push_back(to_wire(facts, kept));
    }
    AttachNeed need = AttachNeed::nothing;
    const NTSTATUS status = attach_values(scope, carrier, objects, &need);
    if (status != STATUS_SUCCESS || need != AttachNeed::descriptors) return status;
    return attach_descriptors(scope, carrier, handles);
}

NTSTATUS take_handle(CallScope& scope, const ReceivedMessage& message, std::uint32_t index,
                     TakenHandle* taken) {
    wire::QueryHandle::Request request;
    wire::QueryHandle::Reply reply;
    wire::QueryHandle::ReplyBlobs blobs;
    request.handle = message.port;
    request.message_id = message.message_id;
    request.callback_id = message.callback_id;
    request.index = index;
    UniqueFd descriptor;
    NTSTATUS status =
        scope.call<wire::QueryHandle>(Blocking::no, request, {}, &reply, &blobs, std::span(&descriptor, 1));
    if (status != STATUS_SUCCESS) return status;
    const wire::PassedHandle& object = reply.object;
    const host::PassedFacts facts{object.flags, object.type, object.access, object.attributes};
    if (reply.keeper_process_id == 0) {
        if (!descriptor) return STATUS_INSUFFICIENT_RESOURCES;
        status = host::take_descriptor(std::move(descriptor), facts, &taken->handle);
    } else {
        status = host::take_kept_handle(reply.keeper_process_id, reply.keeper_serial, object.value, facts,
                                        &taken->handle);
        scope.tell<wire::HandlesTaken>();
    }
    taken->type = object.type == kPassedPort ? 0 : object.type;
    taken->access = object.access;
    return status;
}

}  // namespace ntalpc::core
