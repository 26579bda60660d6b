// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/passed_object.h"

#include "ntalpc/ntlpcapi.h"
#include "ntalpc/passing.h"
#include "ntalpc/status.h"
#include "server/keeper.h"
#include "server/port.h"

namespace ntalpc::server {

PassedObject::PassedObject(const wire::PassedHandle& facts, UniqueFd descriptor, DescriptorCharge charge)
    : facts_(facts), descriptor_(std::move(descriptor)), descriptor_charge_(std::move(charge)) {}

PassedObject::PassedObject(const wire::PassedHandle& facts, Ref<Keeper> keeper, ObjectCharge charge)
    : facts_(facts), keeper_(std::move(keeper)), object_charge_(std::move(charge)) {}

PassedObject::~PassedObject() {
    if (keeper_) keeper_->close(facts_.value);
}

namespace {

// A port has no code of its own, so it passes where everything does.
bool type_allowed(std::uint32_t type, std::uint32_t allowed) {
    if (type == kPassedPort) return (allowed & ALPC_PORFLG_OBJECT_TYPE_ALL) == ALPC_PORFLG_OBJECT_TYPE_ALL;
    return (type & allowed) != 0;
}

// A process is a descriptor in the native world only.
bool can_cross(const PassedObject& object, std::uint64_t sender_world, std::uint64_t receiver_world) {
    if (object.keeper()) return object.keeper()->world() == receiver_world;
    return object.facts().type != ALPC_PORFLG_OBJECT_TYPE_PROCESS || sender_world == receiver_world;
}

}  // namespace

// Only the receiving port counts: a client that sets nothing of all this sends handles to a server that
// allows them (PythonForWindows). What is refused, the sender is told.
std::int32_t check_passing(const PassedObjects& objects, std::uint64_t sender_world, const Port& receiver) {
    if (objects.empty()) return STATUS_SUCCESS;
    if (!(receiver.flags() & ALPC_PORFLG_ALLOW_DUP_OBJECT)) return STATUS_ACCESS_DENIED;
    if (objects.size() > 1 && !(receiver.flags() & ALPC_PORFLG_ALLOW_MULTIHANDLE_ATTRIBUTE)) {
        return STATUS_LPC_HANDLE_COUNT_EXCEEDED;
    }
    for (const auto& object : objects) {
        if (!type_allowed(object->facts().type, receiver.attributes().dup_object_types))
            return STATUS_ACCESS_DENIED;
        if (!can_cross(*object, sender_world, receiver.owner().world)) return STATUS_NOT_SUPPORTED;
        if (object->keeper() && !object->keeper()->alive()) return STATUS_INSUFFICIENT_RESOURCES;
    }
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::server
