// SPDX-License-Identifier: LGPL-2.1-or-later
// Objects on their way from one process to another, with a message.
//
// What Linux knows as a descriptor, the server holds itself. What only Wine knows, a keeper holds (keeper.h).
// Either way the sender may close its own handle or end; the object lives until the last one here who
// mentions it is gone: the message it came with, and a receiver that is just about to take it.
#pragma once

#include <vector>

#include "generated/protocol.h"
#include "ntalpc/unique_fd.h"
#include "server/quota.h"
#include "server/ref.h"

namespace ntalpc::server {

class Keeper;
class Port;

class PassedObject final : public RefCounted, public Counted<PassedObject> {
  public:
    PassedObject(const wire::PassedHandle& facts, UniqueFd descriptor, DescriptorCharge charge);
    // facts.value is the keeper's handle, which is closed at the end.
    PassedObject(const wire::PassedHandle& facts, Ref<Keeper> keeper, ObjectCharge charge);

    const wire::PassedHandle& facts() const { return facts_; }
    const UniqueFd& descriptor() const { return descriptor_; }
    const Keeper* keeper() const { return keeper_.get(); }

  private:
    ~PassedObject() override;

    const wire::PassedHandle facts_;
    const UniqueFd descriptor_;
    const DescriptorCharge descriptor_charge_;
    const Ref<Keeper> keeper_;
    const ObjectCharge object_charge_;
};

using PassedObjects = std::vector<Ref<PassedObject>>;

// Whether a port lets these objects in, and its process could use them.
std::int32_t check_passing(const PassedObjects& objects, std::uint64_t sender_world, const Port& receiver);

}  // namespace ntalpc::server
