// SPDX-License-Identifier: LGPL-2.1-or-later
// How the memory of a completion list is divided: the documented header, then the list, the bitmap and the
// data, whose places the header states (alpc-abi 2.7). Pure functions, so that both halves and the native
// library share one definition.
//
//   list    one 32-bit entry per message: where it begins in the data area. A ring.
//   bitmap  two bits per chunk of the data area, in two maps one after the other: the chunk is in use; it is
//   the
//           last one of its message. By the second a message is freed in its full size although a program may
//           have written an answer of another length over it.
//   data    messages, each at the beginning of a chunk of 64 bytes, its attributes 8-aligned behind it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/attributes.h"
#include "ntalpc/ntlpcapi.h"

namespace ntalpc::core {

inline constexpr std::uint32_t kChunk = ALPC_COMPLETION_LIST_BUFFER_GRANULARITY_MASK + 1;
inline constexpr std::uint64_t kListStartMagic = 0xDEADBEEFBAADF00D;
inline constexpr std::uint64_t kListEndMagic = 0xBAADF00DDEADBEEF;

// The kernel's side asks to be called when messages have been freed by leaving a ReturnCount here, in what
// the documented header leaves unused behind its own ReturnCount. 0: nobody asks.
inline constexpr std::uint32_t kRoomWantedOffset = offsetof(ALPC_COMPLETION_LIST_HEADER, ReturnCount) + 8;

// The 64-bit word at State.
struct ListState {
    static constexpr std::uint32_t kEmpty = 0xFFFFFF;  // both of head and tail
    static constexpr std::uint32_t kMostThreads = 0xFFFF;

    std::uint32_t head = kEmpty;  // the entry to be taken next
    std::uint32_t tail = kEmpty;  // the entry added last
    std::uint32_t active_threads = 0;

    static constexpr ListState of(std::uint64_t word) {
        return {static_cast<std::uint32_t>(word & kEmpty), static_cast<std::uint32_t>(word >> 24 & kEmpty),
                static_cast<std::uint32_t>(word >> 48)};
    }
    constexpr std::uint64_t word() const {
        return head | std::uint64_t{tail} << 24 | std::uint64_t{active_threads} << 48;
    }
    constexpr bool empty() const { return head == kEmpty; }
};

struct ListLayout {
    std::uint32_t total_size = 0;
    std::uint32_t list_offset = 0;
    std::uint32_t entries = 0;
    std::uint32_t bitmap_offset = 0;
    std::uint32_t map_words = 0;  // 64-bit words of each of the two maps
    std::uint32_t data_offset = 0;
    std::uint32_t chunks = 0;

    static constexpr std::uint32_t kMostChunks = ListState::kEmpty - 1;

    constexpr std::uint32_t data_size() const { return chunks * kChunk; }
    constexpr std::uint32_t bitmap_size() const { return 2 * map_words * 8; }
    // Where the word of a chunk stands.
    constexpr std::uint32_t used_word(std::uint32_t chunk) const { return bitmap_offset + chunk / 64 * 8; }
    constexpr std::uint32_t last_word(std::uint32_t chunk) const { return used_word(chunk) + map_words * 8; }
    constexpr std::uint32_t entry(std::uint32_t slot) const { return list_offset + slot * 4; }
    // Whether a message can begin at this offset of the data area.
    constexpr bool holds(std::uint32_t offset) const {
        return offset % kChunk == 0 && offset / kChunk < chunks;
    }

    static constexpr ListLayout with_chunks(std::uint32_t chunks) {
        ListLayout layout;
        layout.list_offset = sizeof(ALPC_COMPLETION_LIST_HEADER);
        layout.entries = chunks;  // a message takes a chunk at least, so there are never more
        layout.bitmap_offset = (layout.list_offset + chunks * 4 + kChunk - 1) / kChunk * kChunk;
        layout.map_words = (chunks + 63) / 64;
        layout.data_offset = (layout.bitmap_offset + layout.bitmap_size() + kChunk - 1) / kChunk * kChunk;
        layout.chunks = chunks;
        return layout;
    }
    // The largest list that fits into `size` bytes; none (0 chunks) when not even one message would.
    static constexpr ListLayout fitting(std::uint32_t size) {
        // Each chunk takes its 64 bytes, an entry and two bits.
        std::uint64_t chunks =
            size > sizeof(ALPC_COMPLETION_LIST_HEADER)
                ? (size - sizeof(ALPC_COMPLETION_LIST_HEADER)) * std::uint64_t{4} / (kChunk * 4 + 17)
                : 0;
        if (chunks > kMostChunks) chunks = kMostChunks;
        ListLayout layout = with_chunks(static_cast<std::uint32_t>(chunks));
        while (layout.chunks != 0 && layout.data_offset + std::uint64_t{layout.data_size()} > size)
            layout = with_chunks(layout.chunks - 1);
        layout.total_size = size;
        return layout;
    }
    static constexpr ListLayout stated_by(const ALPC_COMPLETION_LIST_HEADER& header) {
        return {header.TotalSize,       header.ListOffset, header.ListSize / 4,     header.BitmapOffset,
                header.BitmapSize / 16, header.DataOffset, header.DataSize / kChunk};
    }
};

// Where a message's attributes stand, from the beginning of the message, and what both take.
constexpr std::uint32_t attributes_offset(std::uint32_t total_length) {
    return (total_length + 7) / 8 * 8;
}
constexpr std::uint32_t chunks_for(std::uint32_t total_length, std::uint32_t attribute_size) {
    return (attributes_offset(total_length) + attribute_size + kChunk - 1) / kChunk;
}

// Every message has the attributes that were asked for when the list was registered; without any there is no
// buffer for them.
constexpr std::uint32_t list_attribute_size(std::uint32_t flags) {
    return flags == 0 ? 0 : attributes::header_size(flags);
}

}  // namespace ntalpc::core
