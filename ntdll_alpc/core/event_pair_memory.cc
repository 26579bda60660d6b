// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/event_pair_memory.h"

#include <pthread.h>
#include <sys/mman.h>

#include <cstdlib>

#include "core/capability_cache.h"
#include "core/channel.h"
#include "ntalpc/status.h"

namespace ntalpc::core {

EventPairMemory::~EventPairMemory() {
    munmap(events_, sizeof(SharedEventPair));
}

namespace {

// A pair that is displaced from the cache is unmapped when nobody waits in it, and mapped again at its next
// use.
using Mappings = CapabilityCache<EventPairMapping, 512>;

NTSTATUS fetch_memory(host::CallGuard& guard, int capability, UniqueFd* memory) {
    NTSTATUS status;
    Channel* const channel = Channel::current(&status);
    if (!channel) return status;
    wire::EventPairMemory::Request request;
    wire::EventPairMemory::Reply reply;
    wire::EventPairMemory::ReplyBlobs blobs;
    status = channel->call<wire::EventPairMemory>(guard, Blocking::no, request, {}, &reply, &blobs,
                                                  capability, std::span(memory, 1));
    if (status == STATUS_OBJECT_TYPE_MISMATCH && is_hung_up(capability)) return STATUS_PORT_DISCONNECTED;
    if (status == STATUS_SUCCESS && !*memory) return STATUS_INSUFFICIENT_RESOURCES;  // no descriptor free
    return status;
}

}  // namespace

void forget_event_pair(std::uint64_t cookie) {
    Mappings::instance().forget(cookie);
}

void forget_event_pairs_after_fork() {
    Mappings::instance().forget_after_fork();
}

NTSTATUS map_event_pair(host::CallGuard& guard, HANDLE handle, EventPairMapping* mapping) {
    if (const std::uint64_t known = host::known_cookie(handle);
        known != 0 && Mappings::instance().find(known, mapping))
        return STATUS_SUCCESS;
    UniqueFd capability;
    NTSTATUS status = host::duplicate_descriptor(handle, &capability);
    if (status != STATUS_SUCCESS) return status;
    const std::uint64_t cookie = capability_cookie(capability.get());
    if (cookie == 0) return STATUS_OBJECT_TYPE_MISMATCH;
    if (Mappings::instance().find(cookie, mapping)) return STATUS_SUCCESS;
    UniqueFd memory;
    if (status = fetch_memory(guard, capability.get(), &memory); status != STATUS_SUCCESS) return status;
    void* const page =
        mmap(nullptr, sizeof(SharedEventPair), PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
    if (page == MAP_FAILED) return STATUS_NO_MEMORY;
    *mapping = std::make_shared<const EventPairMemory>(static_cast<SharedEventPair*>(page));
    Mappings::instance().store(cookie, *mapping);
    return STATUS_SUCCESS;
}

namespace {

// Thread-specific data rather than a local of the waiting call: its destructor also runs for threads that are
// terminated, whose stack is not unwound.
pthread_key_t held_key() {
    static const pthread_key_t made = [] {
        pthread_key_t fresh;
        if (pthread_key_create(&fresh, [](void* held) { delete static_cast<EventPairMapping*>(held); }) != 0)
            std::abort();
        return fresh;
    }();
    return made;
}

EventPairMapping& held_by_this_thread() {
    auto* held = static_cast<EventPairMapping*>(pthread_getspecific(held_key()));
    if (!held) {
        held = new EventPairMapping;
        pthread_setspecific(held_key(), held);
    }
    return *held;
}

}  // namespace

HeldMapping::HeldMapping(EventPairMapping mapping) {
    held_by_this_thread() = std::move(mapping);
}

HeldMapping::~HeldMapping() {
    held_by_this_thread().reset();
}

}  // namespace ntalpc::core
