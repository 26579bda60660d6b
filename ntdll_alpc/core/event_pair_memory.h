// SPDX-License-Identifier: LGPL-2.1-or-later
// From a program's handle to the mapped events of the pair behind it.
#pragma once

#include <cstdint>
#include <memory>

#include "core/host.h"
#include "core/shared_event.h"
#include "ntalpc/ntbase.h"

namespace ntalpc::core {

// The page of an event pair, mapped.
class EventPairMemory {
  public:
    explicit EventPairMemory(SharedEventPair* events) : events_(events) {}
    EventPairMemory(const EventPairMemory&) = delete;
    EventPairMemory& operator=(const EventPairMemory&) = delete;
    ~EventPairMemory();

    SharedEventPair& events() const { return *events_; }

  private:
    SharedEventPair* const events_;
};

using EventPairMapping = std::shared_ptr<const EventPairMemory>;

// STATUS_INVALID_HANDLE; STATUS_OBJECT_TYPE_MISMATCH for a handle to something else; STATUS_ACCESS_DENIED
// when the handle does not grant SYNCHRONIZE; STATUS_PORT_DISCONNECTED when the server that made the pair is
// gone and this process has not used the handle before.
NTSTATUS map_event_pair(host::CallGuard& guard, HANDLE handle, EventPairMapping* mapping);

// A handle to the pair is being closed.
void forget_event_pair(std::uint64_t cookie);

// In the child of a fork.
void forget_event_pairs_after_fork();

// Keeps what the calling thread waits in mapped, also when the thread is terminated in its wait: then it is
// let go with the thread, while the mapping is not unmapped under a thread that sleeps on it.
class HeldMapping {
  public:
    explicit HeldMapping(EventPairMapping mapping);
    ~HeldMapping();
    HeldMapping(const HeldMapping&) = delete;
    HeldMapping& operator=(const HeldMapping&) = delete;
};

}  // namespace ntalpc::core
