// SPDX-License-Identifier: LGPL-2.1-or-later
// The memory of a lease (lease_steps.h): two regions of this layout, one per writing process. Only touched
// pages exist.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ntalpc/lease_steps.h"

namespace ntalpc::lease {

// What is written before a message is published, by its sender. All of it may be garbage; the receiver copies
// it, checks the copy, and takes from its own record of the connection whatever it need not be told.
struct Envelope {
    std::uint32_t serial = 0;
    std::uint16_t type = 0;  // LPC_REQUEST, LPC_DATAGRAM or LPC_REPLY
    std::uint16_t data_length = 0;
    std::uint16_t total_length = 0;
    std::uint16_t data_info_offset = 0;
    std::uint16_t awaited = 0;    // of a request: its sender waits for the answer in the very call
    std::uint16_t processor = 0;  // that the sender ran on; who shares it does not look in a loop
    std::uint64_t thread_id = 0;  // one of the sender's
    std::int64_t sent_at = 0;  // monotonic clock, nanoseconds: the order of arrival over several connections
    std::uint64_t message_context = 0;  // of a request: what the client is given back with the answer
};
static_assert(sizeof(Envelope) == 40);

inline constexpr std::size_t kPage = 4096;
inline constexpr std::size_t kSlotSize = 512;
inline constexpr std::size_t kSmall = kSlotSize - sizeof(Envelope);  // data up to this size stands beside it
inline constexpr std::size_t kLarge = 65536;                         // other data has a place of its own

struct Slot {
    Envelope envelope;
    std::byte data[kSmall];
};
static_assert(sizeof(Slot) == kSlotSize);

using Word = std::atomic<std::uint64_t>;
static_assert(Word::is_always_lock_free && sizeof(Word) == 8);

// Words that are written at different times have cache lines of their own.
struct alignas(kPage) Region {
    alignas(64) Word published;
    alignas(64) Word taken;
    alignas(64) Word queued;
    // How many threads of the owner sleep or are about to. Garbage makes somebody of this connection sleep
    // too long or wake too often.
    alignas(64) Word sleeps;
    alignas(64) Word order[kSlots];
    alignas(64) Word serial[kSlots];
    alignas(64) Word place[kSlots];
    alignas(64) Word answered[kSlots];
    alignas(64) Word finished[kSlots];
    alignas(64) Word awaits[kSlots];
    // In the server process's region, from alpcserver, before the client takes part: the sequence number of
    // the last message that the connection's server has received.
    alignas(64) Word received_before;
    alignas(kPage) Slot slots[kSlots];
    std::byte large[kSlots][kLarge];
};
static_assert(sizeof(Region) == kPage + kSlots * (kSlotSize + kLarge));

// What alpcserver tells the process of a connection port (watch_port).
struct PortPage {
    // When the first message came that is to be received by way of the server, on the monotonic clock; 1 when
    // a receive would not wait for another reason or the port has no leases, 0 when it would.
    std::atomic<std::int64_t> since;
    // How many leases of the port have been taken back.
    std::atomic<std::uint64_t> ended;
};

// The place of a message's data.
inline const std::byte* data_of(const Region& region, std::uint32_t slot, std::size_t length) {
    return length <= kSmall ? region.slots[slot].data : region.large[slot];
}
inline std::byte* data_of(Region& region, std::uint32_t slot, std::size_t length) {
    return length <= kSmall ? region.slots[slot].data : region.large[slot];
}

// The words of two mapped regions. The peer's is mapped read-only, and no step writes there.
class MappedWords {
  public:
    MappedWords(const Region* client, const Region* server) : regions_{client, server} {}

    std::uint64_t load(Owner owner, Name name, std::uint32_t index) const {
        return word(owner, name, index).load();
    }
    void store(Owner owner, Name name, std::uint32_t index, std::uint64_t value) const {
        word(owner, name, index).store(value, std::memory_order_release);
    }
    bool exchange(Owner owner, Name name, std::uint32_t index, std::uint64_t& expected,
                  std::uint64_t desired) const {
        return word(owner, name, index).compare_exchange_strong(expected, desired);
    }
    std::uint64_t fetch_or(Owner owner, Name name, std::uint32_t index, std::uint64_t bits) const {
        return word(owner, name, index).fetch_or(bits);
    }
    void add(Owner owner, Name name, std::uint32_t index, std::uint64_t difference) const {
        word(owner, name, index).fetch_add(difference);
    }
    Word& word(Owner owner, Name name, std::uint32_t index) const {
        // Whether it may be written to is a matter of how it is mapped.
        Region& region = const_cast<Region&>(*regions_[static_cast<std::size_t>(owner)]);
        switch (name) {
            case Name::published:
                return region.published;
            case Name::taken:
                return region.taken;
            case Name::queued:
                return region.queued;
            case Name::order:
                return region.order[index];
            case Name::serial:
                return region.serial[index];
            case Name::place:
                return region.place[index];
            case Name::answered:
                return region.answered[index];
            case Name::finished:
                return region.finished[index];
            case Name::sleeps:
                return region.sleeps;
            case Name::awaits:
                break;
        }
        return region.awaits[index];
    }

  private:
    const Region* regions_[2];
};

// A conversation's message id, which the server has set apart for the lease: bit 30, the number of the lease,
// some bits of the serial, the slot, and two zero bits as all ids have.
inline constexpr std::uint32_t kIdBit = 0x40000000;
inline constexpr std::uint32_t kMaxLeases = 0x10000;
constexpr std::uint32_t message_id(std::uint32_t lease, std::uint32_t slot, std::uint32_t serial) {
    return kIdBit | lease << 14 | (serial & 63) << 8 | slot << 2;
}
constexpr bool is_leased_id(std::uint32_t id) {
    return (id & (0x80000000 | kIdBit)) == kIdBit;
}
constexpr std::uint32_t lease_of(std::uint32_t id) {
    return (id & ~kIdBit) >> 14;
}
constexpr std::uint32_t slot_of(std::uint32_t id) {
    return id >> 2 & 63;
}
// Not 0, and of no other message.
constexpr std::uint32_t callback_id(std::uint32_t id) {
    return 0x80000000 | id;
}

}  // namespace ntalpc::lease
