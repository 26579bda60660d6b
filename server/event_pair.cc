// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/event_pair.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "ntalpc/status.h"
#include "server/log.h"

namespace ntalpc::server {

namespace {

constexpr off_t kSize = 4096;

// The seals keep a client from truncating the memory, by which it would make the others fault.
UniqueFd make_memory() {
    UniqueFd memory(memfd_create("event pair", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!memory || ftruncate(memory.get(), kSize) != 0 ||
        fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        return UniqueFd();
    }
    return memory;
}

}  // namespace

// Every generic right includes SYNCHRONIZE (ReactOS, medium confidence).
const ObjectType kEventPairType = {
    "EventPair", 4, kEventPairAllAccess, {0x120000, 0x120000, 0x120000, kEventPairAllAccess}};

std::int32_t EventPair::make(const Ref<QuotaAccount>& payer, Ref<EventPair>* made) {
    DescriptorCharge charge;
    if (!charge.charge(payer)) return STATUS_QUOTA_EXCEEDED;
    UniqueFd memory = make_memory();
    if (!memory) {
        log(LogLevel::always,
            "no memory for an event pair could be made; raise the limit on open files or free some memory");
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *made = Ref<EventPair>(new EventPair(std::move(memory), std::move(charge)));
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::server
