// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/event_pair_memory.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <mutex>

#include "core/channel.h"
#include "ntalpc/status.h"

namespace ntalpc::core {

EventPairMemory::~EventPairMemory() {
    munmap(events_, sizeof(SharedEventPair));
}

namespace {

// Mappings by the number of the handle's socket, which the kernel never reuses. The cache has a fixed size: a
// pair that is displaced is unmapped when nobody waits in it, and mapped again at its next use. So closed
// pairs do not pile up, and nothing need be told of a close.
class MappingCache {
  public:
    EventPairMapping find(std::uint64_t cookie) {
        Entry& entry = entries_[cookie % entries_.size()];
        const std::lock_guard lock(entry.mutex);
        return entry.cookie == cookie ? entry.mapping : nullptr;
    }
    void store(std::uint64_t cookie, EventPairMapping mapping) {
        Entry& entry = entries_[cookie % entries_.size()];
        const std::lock_guard lock(entry.mutex);
        entry.cookie = cookie;
        entry.mapping.swap(mapping);
    }

  private:
    struct Entry {
        std::mutex mutex;
        std::uint64_t cookie = 0;
        EventPairMapping mapping;
    };
    std::array<Entry, 512> entries_;
};

MappingCache& cache() {
    static MappingCache* const instance = new MappingCache;  // threads may call while the process exits
    return *instance;
}

// 0 for what is not a socket.
std::uint64_t cookie_of(int fd) {
    std::uint64_t cookie = 0;
    socklen_t size = sizeof(cookie);
    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

// A capability whose server has died: nothing is at its other end.
bool hung_up(int fd) {
    char unused;
    return recv(fd, &unused, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

NTSTATUS fetch_memory(host::CallGuard& guard, int capability, UniqueFd* memory) {
    NTSTATUS status;
    Channel* const channel = Channel::current(&status);
    if (!channel) return status;
    wire::EventPairMemory::Request request;
    wire::EventPairMemory::Reply reply;
    wire::EventPairMemory::ReplyBlobs blobs;
    status = channel->call<wire::EventPairMemory>(guard, Blocking::no, request, {}, &reply, &blobs,
                                                  capability, std::span(memory, 1));
    if (status == STATUS_OBJECT_TYPE_MISMATCH && hung_up(capability)) return STATUS_PORT_DISCONNECTED;
    if (status == STATUS_SUCCESS && !*memory) return STATUS_INSUFFICIENT_RESOURCES;  // no descriptor free
    return status;
}

}  // namespace

NTSTATUS map_event_pair(host::CallGuard& guard, HANDLE handle, EventPairMapping* mapping) {
    UniqueFd capability;
    NTSTATUS status = host::duplicate_descriptor(handle, &capability);
    if (status != STATUS_SUCCESS) return status;
    const std::uint64_t cookie = cookie_of(capability.get());
    if (cookie == 0) return STATUS_OBJECT_TYPE_MISMATCH;
    if (*mapping = cache().find(cookie); *mapping) return STATUS_SUCCESS;
    UniqueFd memory;
    if (status = fetch_memory(guard, capability.get(), &memory); status != STATUS_SUCCESS) return status;
    void* const page =
        mmap(nullptr, sizeof(SharedEventPair), PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
    if (page == MAP_FAILED) return STATUS_NO_MEMORY;
    *mapping = std::make_shared<const EventPairMemory>(static_cast<SharedEventPair*>(page));
    cache().store(cookie, *mapping);
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
