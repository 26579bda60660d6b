// SPDX-License-Identifier: LGPL-2.1-or-later
// The lock-free part of completion lists: one writer puts messages in, any number of threads take them out
// and free them, and no step of one waits for another.
//
// The ring. State holds the first and the last entry that is in the list, or says that it is empty, and the
// number of threads at work, all in one word. An entry of the ring that is not in use holds kNoMessage.
//
//   publish  entries := offsets (the slots hold kNoMessage); then, in one step, tail := the last of them, and
//            head := the first if the list was empty
//   take     in one step, head := the next entry, or empty if this was the last; then offset := entry, and
//            entry := kNoMessage
//
// Each message is taken exactly once. Taking is the compare-and-swap on State (SYNC POINT claim): it succeeds
// for one thread per entry, and only for an entry that is in the list at that moment. Whether State has
// meanwhile changed and changed back does not matter, because nothing that was read before the claim is used
// after it. What the entry holds was written before the writer's compare-and-swap (SYNC POINT publish) made
// it part of the list, and the writer does not write to the slot again before it has seen kNoMessage there
// (SYNC POINT vacate), which the claimer stores after it has read the offset. So the slow claimer of a ring
// that has gone round meanwhile still finds its own message.
//
// The order is that of publishing: claims are totally ordered by State, and each takes the head.
//
// A thread that ends between claim and vacate takes its message with it and leaves its slot occupied. The
// writer cannot pass it while the list is not empty, and takes the list for full; when it is empty, it goes
// on at any vacant slot, because nothing links the new head to the old tail.
//
// No work is left behind. Joining, leaving and publishing are changes of the same word, so they are ordered:
// a thread that leaves after publish finds the list not empty, and is told to stay; one that left before is
// not among the active threads that the writer saw in the very step that published (SYNC POINT publish), and
// the writer sees to it that somebody is woken.
//
// The chunks. A chunk is in use from reserve, by the writer, to release, by whoever took the message. Only
// the writer sets bits and only releases clear them, so what the writer has seen as free stays free, however
// old its view is. release first takes away the mark at the message's last chunk and then gives the chunks
// back (SYNC POINT release); reserve of such a chunk reads the word that release has written, so what a
// program did to the old message comes before what is written of the new one. The messages of two threads may
// share a word: all changes are compare-and-swaps.
//
// Asking for room. The writer that found no room stores a ReturnCount at kRoomWantedOffset and looks once
// more (SYNC POINT ask); a release gives chunks back, counts, and then looks there (SYNC POINT answer). All
// four steps are sequentially consistent, so one of the two sees the other: the room, or the request.
//
// Any value is safe. Everything read from the memory is compared with the layout before it is used, and that
// is held by each side for itself. A program that scribbles over its list loses messages, or gets some twice.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/completion_list_layout.h"

namespace ntalpc::core {

// `Words` gives access to the memory by offset, every single one sequentially consistent:
//   std::uint64_t load64(offset)      std::uint32_t load32(offset)      void store32(offset, value)
//   bool exchange64(offset, expected&, desired)   a strong compare-and-swap
//   std::uint32_t add32(offset, value)            gives the sum; not needed for the writer
template <class Words>
class BasicCompletionList {
  public:
    static constexpr std::uint32_t kNoMessage = 0xFFFFFFFF;

    BasicCompletionList(Words words, const ListLayout& layout) : words_(words), layout_(layout) {}

    const ListLayout& layout() const { return layout_; }
    Words& words() { return words_; }

    ListState state() { return ListState::of(words_.load64(kState)); }

    // ---- Those who take messages ----

    // The offset of the first message in the data area, which now belongs to the caller; kNoMessage when the
    // list is empty.
    std::uint32_t take() {
        std::uint64_t seen = words_.load64(kState);
        ListState now;
        do {
            now = ListState::of(seen);
            if (now.empty() || now.head >= layout_.entries) return kNoMessage;
        } while (!words_.exchange64(kState, seen, after_taking(now).word()));  // SYNC POINT claim
        const std::uint32_t offset = words_.load32(layout_.entry(now.head));
        words_.store32(layout_.entry(now.head), kNoMessage);  // SYNC POINT vacate
        return layout_.holds(offset) ? offset : kNoMessage;
    }

    // Chunks of the message at `offset`; 0 when there is none.
    std::uint32_t size_at(std::uint32_t offset) {
        if (!layout_.holds(offset)) return 0;
        const std::uint32_t first = offset / kChunk;
        if (!(words_.load64(layout_.used_word(first)) & bit(first))) return 0;
        for (std::uint32_t chunk = first; chunk < layout_.chunks;) {
            const std::uint64_t rest = words_.load64(layout_.last_word(chunk)) >> chunk % 64;
            if (rest != 0) {
                const std::uint32_t last = chunk + lowest_bit(rest);
                return last < layout_.chunks ? last - first + 1 : 0;
            }
            chunk += 64 - chunk % 64;
        }
        return 0;
    }

    // Gives the chunks of a message back. False when there is no message at `offset`.
    bool release(std::uint32_t offset) {
        const std::uint32_t count = size_at(offset);
        if (count == 0) return false;
        const std::uint32_t first = offset / kChunk;
        change(layout_.last_word(first + count - 1), bit(first + count - 1), 0);
        for_each_word(first, count, [&](std::uint32_t chunk, std::uint64_t bits) {
            change(layout_.used_word(chunk), bits, 0);  // SYNC POINT release
        });
        return true;
    }

    // Counts a message that has been freed. True when the writer is to be told that there is room: it has
    // asked, and enough has been freed, or nobody will take anything before more comes.
    bool count_freed() {
        const std::uint32_t freed = words_.add32(kReturnCount, 1);
        std::uint64_t wanted = words_.load64(kRoomWantedOffset);  // SYNC POINT answer
        if (wanted == 0) return false;
        const auto missing = static_cast<std::int32_t>(static_cast<std::uint32_t>(wanted) - freed);
        if (missing > 0 && !state().empty()) return false;
        return words_.exchange64(kRoomWantedOffset, wanted, 0);
    }

    // Counts the calling thread among those at work. False when there are as many as can be counted.
    bool join() {
        return change_threads(
            [](const ListState& now) { return now.active_threads < ListState::kMostThreads; }, 1);
    }
    // False, and no change, while there are messages, or when nobody is at work.
    bool leave() {
        return change_threads([](const ListState& now) { return now.empty() && now.active_threads != 0; },
                              -1);
    }

    // ---- The one who puts messages in ----

    // Marks `count` chunks as one message. They have been seen free.
    void reserve(std::uint32_t first, std::uint32_t count) {
        for_each_word(first, count, [&](std::uint32_t chunk, std::uint64_t bits) {
            change(layout_.used_word(chunk), 0, bits);
        });
        change(layout_.last_word(first + count - 1), 0, bit(first + count - 1));
    }
    // Asks to be told when so many messages have been freed.
    void ask_for_room(std::uint32_t freed) {
        std::uint64_t seen = words_.load64(kRoomWantedOffset);
        while (!words_.exchange64(kRoomWantedOffset, seen, freed == 0 ? 1 : freed)) {  // SYNC POINT ask
        }
    }
    void put(std::uint32_t slot, std::uint32_t offset) { words_.store32(layout_.entry(slot), offset); }
    // Makes the entries from `first` to `last` part of the list. Returns the state before.
    ListState publish(std::uint32_t first, std::uint32_t last) {
        std::uint64_t seen = words_.load64(kState);
        ListState now, then;
        do {
            then = now = ListState::of(seen);
            if (now.empty()) then.head = first;
            then.tail = last;
        } while (!words_.exchange64(kState, seen, then.word()));  // SYNC POINT publish
        return now;
    }

  private:
    static constexpr std::uint32_t kState = offsetof(ALPC_COMPLETION_LIST_HEADER, State);
    static constexpr std::uint32_t kReturnCount = offsetof(ALPC_COMPLETION_LIST_HEADER, ReturnCount);

    static std::uint64_t bit(std::uint32_t chunk) { return std::uint64_t{1} << chunk % 64; }
    static std::uint32_t lowest_bit(std::uint64_t word) {
        return static_cast<std::uint32_t>(__builtin_ctzll(word));
    }

    ListState after_taking(const ListState& now) const {
        if (now.head == now.tail) return {ListState::kEmpty, ListState::kEmpty, now.active_threads};
        return {now.head + 1 == layout_.entries ? 0 : now.head + 1, now.tail, now.active_threads};
    }

    template <class May>
    bool change_threads(const May& may, int by) {
        std::uint64_t seen = words_.load64(kState);
        for (;;) {
            ListState now = ListState::of(seen);
            if (!may(now)) return false;
            now.active_threads += static_cast<std::uint32_t>(by);
            if (words_.exchange64(kState, seen, now.word())) return true;
        }
    }

    void change(std::uint32_t offset, std::uint64_t clear, std::uint64_t set) {
        std::uint64_t seen = words_.load64(offset);
        while (!words_.exchange64(offset, seen, (seen & ~clear) | set)) {
        }
    }

    // Calls with the first of the chunks that share a word, and their bits.
    template <class Change>
    void for_each_word(std::uint32_t first, std::uint32_t count, const Change& each) {
        while (count != 0) {
            const std::uint32_t room = 64 - first % 64;
            const std::uint32_t here = count < room ? count : room;
            const std::uint64_t ones = here == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << here) - 1;
            each(first, ones << first % 64);
            first += here;
            count -= here;
        }
    }

    Words words_;
    ListLayout layout_;
};

}  // namespace ntalpc::core
