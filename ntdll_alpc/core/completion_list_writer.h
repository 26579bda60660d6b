// SPDX-License-Identifier: LGPL-2.1-or-later
// The kernel's part in a completion list: putting messages into memory of the program, in batches.
//
// The memory is the program's, and may be changed or taken away at any time. Every access is guarded; what
// cannot be accessed throws ListGone. What the writer must be able to rely on it keeps for itself.
#pragma once

#include <cstdint>
#include <vector>

#include "core/completion_list.h"
#include "core/host.h"
#include "generated/protocol.h"

namespace ntalpc::core {

struct ListGone {};

class ProgramWords {
  public:
    explicit ProgramWords(void* base) : base_(static_cast<unsigned char*>(base)) {}

    std::uint64_t load64(std::uint32_t offset) const {
        std::uint64_t value = 0;
        exchange64(offset, value, 0);
        return value;
    }
    std::uint32_t load32(std::uint32_t offset) const {
        return static_cast<std::uint32_t>(load64(offset / 8 * 8) >> offset % 8 * 8);
    }
    void store32(std::uint32_t offset, std::uint32_t value) const {
        const std::uint32_t shift = offset % 8 * 8;
        std::uint64_t seen = load64(offset / 8 * 8);
        while (!exchange64(offset / 8 * 8, seen,
                           (seen & ~(std::uint64_t{0xFFFFFFFF} << shift)) | std::uint64_t{value} << shift)) {
        }
    }
    bool exchange64(std::uint32_t offset, std::uint64_t& expected, std::uint64_t desired) const {
        const std::uint64_t before = expected;
        if (!host::exchange_in_program(pointer<std::uint64_t>(offset), &expected, desired)) throw ListGone();
        return expected == before;
    }
    // Sets a word that nobody else changes.
    void set64(std::uint32_t offset, std::uint64_t value) const {
        std::uint64_t seen = load64(offset);
        while (!exchange64(offset, seen, value)) {
        }
    }

    template <class T>
    T* pointer(std::uint32_t offset) const {
        return reinterpret_cast<T*>(base_ + offset);
    }

  private:
    unsigned char* base_;
};

class CompletionListWriter {
  public:
    CompletionListWriter(void* base, const ListLayout& layout, std::uint32_t attribute_flags);

    const ListLayout& layout() const { return list_.layout(); }

    // Writes the header, an empty list and empty maps. False when the memory is not accessible.
    bool format();

    // What the next batch may take at most: bytes in one piece of the data area, and messages. Either may be
    // 0.
    struct Room {
        std::uint32_t bytes = 0;
        std::uint32_t messages = 0;
    };
    Room find_room();
    // Has those who free messages tell when there is much more room than now, or nothing to be taken any
    // more. Room must be looked for once more afterwards.
    void ask_for_room();

    // Puts a message of the port `port` into the room found last, which has been found to suffice. `data`
    // need not outlast the writing of attributes, which may make calls.
    void add(const wire::ListedMessage& message, wire::Bytes data, std::uint64_t port);
    // Makes all added messages part of the list. Returns how many threads were at work then.
    std::uint32_t publish();

  private:
    void find_slots(const ListState& state);
    void find_chunks();
    std::uint32_t free_from(std::uint32_t chunk, std::uint32_t most) const;
    void refresh_map(std::uint32_t first_chunk, std::uint32_t chunks);

    BasicCompletionList<ProgramWords> list_;
    const std::uint32_t attribute_flags_;
    // The used map as it was seen last: what is free here is free.
    std::vector<std::uint64_t> used_;
    std::uint32_t cursor_ = 0;        // first chunk of the room
    std::uint32_t free_chunks_ = 0;   // known to be free from there
    std::uint32_t next_slot_ = 0;     // where the next message goes
    std::uint32_t vacant_slots_ = 0;  // known to be vacant from there
    std::uint32_t added_ = 0;         // since the last publish
    std::uint32_t post_count_ = 0;
    std::uint64_t last_ids_ = 0;
};

}  // namespace ntalpc::core
