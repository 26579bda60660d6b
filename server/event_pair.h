// SPDX-License-Identifier: LGPL-2.1-or-later
// Event pair objects, which Quick LPC was built on.
//
// The server makes, names, opens and destroys a pair; it takes no part in setting and waiting. The state of
// the two events is in a page of memory that everybody maps who has a handle, and lives as long as anybody
// maps it.
#pragma once

#include "ntalpc/unique_fd.h"
#include "server/object.h"
#include "server/quota.h"
#include "server/ref.h"

namespace ntalpc::server {

// The only access that the calls on a pair ask for is SYNCHRONIZE, to set as well as to wait.
inline constexpr std::uint32_t kEventPairAllAccess = 0x1F0000;

extern const ObjectType kEventPairType;

class EventPair final : public Object, public Counted<EventPair> {
  public:
    // With both events reset. STATUS_QUOTA_EXCEEDED, or STATUS_INSUFFICIENT_RESOURCES when there is no
    // descriptor or no memory for it.
    static std::int32_t make(const Ref<QuotaAccount>& payer, Ref<EventPair>* made);

    const ObjectType& type() const override { return kEventPairType; }
    const UniqueFd& memory() const { return memory_; }

  private:
    EventPair(UniqueFd memory, DescriptorCharge charge)
        : memory_(std::move(memory)), charge_(std::move(charge)) {}

    const UniqueFd memory_;  // one page whose size nobody can change
    const DescriptorCharge charge_;
};

}  // namespace ntalpc::server
