// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/event_pair.h"

#include "ntalpc/status.h"
#include "server/sealed_memory.h"

namespace ntalpc::server {

namespace {

constexpr std::uint64_t kSize = 4096;

}  // namespace

// Every generic right includes SYNCHRONIZE (ReactOS, medium confidence).
const ObjectType kEventPairType = {
    "EventPair", 4, kEventPairAllAccess, {0x120000, 0x120000, 0x120000, kEventPairAllAccess}};

std::int32_t EventPair::make(const Ref<QuotaAccount>& payer, Ref<EventPair>* made) {
    DescriptorCharge charge;
    if (!charge.charge(payer)) return STATUS_QUOTA_EXCEEDED;
    UniqueFd memory = make_sealed_memory("event pair", kSize);
    if (!memory) return STATUS_INSUFFICIENT_RESOURCES;
    *made = Ref<EventPair>(new EventPair(std::move(memory), std::move(charge)));
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::server
