// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/completion_list_writer.h"

#include <algorithm>

#include "core/capture.h"

namespace ntalpc::core {

namespace {

using Header = ALPC_COMPLETION_LIST_HEADER;

// A batch travels in one packet, so more than this is of no use.
constexpr std::uint32_t kMostChunksInBatch = 128 * 1024 / kChunk;
constexpr std::uint32_t kMostMessagesInBatch = 512;

void check(NTSTATUS status) {
    if (status != STATUS_SUCCESS) throw ListGone();
}

Header header_of(const ListLayout& layout, std::uint32_t attribute_flags) {
    Header header{};
    header.StartMagic = kListStartMagic;
    header.TotalSize = layout.total_size;
    header.ListOffset = layout.list_offset;
    header.ListSize = layout.entries * 4;
    header.BitmapOffset = layout.bitmap_offset;
    header.BitmapSize = layout.bitmap_size();
    header.DataOffset = layout.data_offset;
    header.DataSize = layout.data_size();
    header.AttributeFlags = attribute_flags;
    header.AttributeSize = list_attribute_size(attribute_flags);
    header.State.u1.Value = ListState{}.word();
    header.EndMagic = kListEndMagic;
    return header;
}

}  // namespace

CompletionListWriter::CompletionListWriter(void* base, const ListLayout& layout,
                                           std::uint32_t attribute_flags)
    : list_(ProgramWords(base), layout), attribute_flags_(attribute_flags), used_(layout.map_words) {}

bool CompletionListWriter::format() {
    const ListLayout& layout = list_.layout();
    const std::vector<std::uint32_t> vacant(layout.entries, list_.kNoMessage);
    const std::vector<unsigned char> clear(layout.bitmap_size());
    const ProgramWords& words = list_.words();
    return write(words.pointer<Header>(0), header_of(layout, attribute_flags_)) == STATUS_SUCCESS &&
           host::copy_to_program(words.pointer<void>(layout.list_offset), vacant.data(), vacant.size() * 4) &&
           host::copy_to_program(words.pointer<void>(layout.bitmap_offset), clear.data(), clear.size());
}

CompletionListWriter::Room CompletionListWriter::find_room() {
    find_slots(list_.state());
    find_chunks();
    return {free_chunks_ * kChunk, vacant_slots_};
}

// The slots in front of us; when the very next is occupied by a thread that has taken its message and not
// read it yet, any other will do as long as the list is empty, which only we could change.
void CompletionListWriter::find_slots(const ListState& state) {
    const std::uint32_t entries = list_.layout().entries;
    const auto vacant = [&](std::uint32_t slot) {
        return list_.words().load32(list_.layout().entry(slot % entries)) == list_.kNoMessage;
    };
    const std::uint32_t most = std::min(kMostMessagesInBatch, entries);
    if (vacant_slots_ > most / 4) return;
    if (vacant_slots_ == 0 && state.empty()) {
        for (std::uint32_t tried = 0; tried < entries && !vacant(next_slot_); ++tried)
            next_slot_ = (next_slot_ + 1) % entries;
    }
    while (vacant_slots_ < most && vacant(next_slot_ + vacant_slots_)) ++vacant_slots_;
}

void CompletionListWriter::refresh_map(std::uint32_t first_chunk, std::uint32_t chunks) {
    const std::uint32_t first = first_chunk / 64, end = (first_chunk + chunks + 63) / 64;
    const ProgramWords& words = list_.words();
    // A word that is changed while it is copied shows bits from before or after, and those only become free.
    if (!host::copy_from_program(&used_[first], words.pointer<void>(list_.layout().used_word(first_chunk)),
                                 std::size_t{end - first} * 8))
        throw ListGone();
}

std::uint32_t CompletionListWriter::free_from(std::uint32_t chunk, std::uint32_t most) const {
    most = std::min(most, list_.layout().chunks - chunk);
    std::uint32_t count = 0;
    while (count < most && !(used_[(chunk + count) / 64] >> (chunk + count) % 64 & 1)) ++count;
    return count;
}

// What is free behind the last batch, as long as that holds a message of any size; else the largest piece.
void CompletionListWriter::find_chunks() {
    const std::uint32_t chunks = list_.layout().chunks;
    const std::uint32_t most = std::min(kMostChunksInBatch, chunks);
    if (free_chunks_ > most / 2) return;
    if (cursor_ < chunks) {
        const std::uint32_t ahead = std::min(most, chunks - cursor_);
        refresh_map(cursor_, ahead);
        free_chunks_ = free_from(cursor_, ahead);
        if (free_chunks_ > most / 2) return;
    }
    refresh_map(0, chunks);
    for (std::uint32_t at = 0; at < chunks && free_chunks_ < most;) {
        const std::uint32_t found = free_from(at, most);
        if (found > free_chunks_) {
            cursor_ = at;
            free_chunks_ = found;
        }
        at += found + 1;
    }
}

void CompletionListWriter::ask_for_room() {
    const ProgramWords& words = list_.words();
    const std::uint32_t returned = words.load32(offsetof(Header, ReturnCount));
    const std::uint32_t wanted = returned + std::max<std::uint32_t>((post_count_ - returned) / 2, 1);
    list_.ask_for_room(wanted);
    free_chunks_ = 0;
    vacant_slots_ = 0;
}

void CompletionListWriter::add(const wire::ListedMessage& message, wire::Bytes data, std::uint64_t port) {
    const ListLayout& layout = list_.layout();
    const ProgramWords& words = list_.words();
    const std::uint32_t count =
        chunks_for(message.message.total_length, list_attribute_size(attribute_flags_));
    if (count > free_chunks_ || vacant_slots_ == 0) throw ListGone();  // not what the server was asked for
    const std::uint32_t offset = cursor_ * kChunk;
    list_.reserve(cursor_, count);
    for (std::uint32_t chunk = cursor_; chunk < cursor_ + count; ++chunk)
        used_[chunk / 64] |= std::uint64_t{1} << chunk % 64;
    auto* const place = words.pointer<PORT_MESSAGE>(layout.data_offset + offset);
    check(write_message(place, message.message, data));
    if (attribute_flags_ != 0) {
        auto* const attributes = words.pointer<ALPC_MESSAGE_ATTRIBUTES>(
            layout.data_offset + offset + attributes_offset(message.message.total_length));
        check(write_received_attributes(attributes, message.attributes,
                                        {port, message.message.message_id, message.message.callback_id}));
    }
    list_.put((next_slot_ + added_) % layout.entries, offset);
    last_ids_ = message.message.message_id | std::uint64_t{message.message.callback_id} << 32;
    cursor_ += count;
    free_chunks_ -= count;
    --vacant_slots_;
    ++added_;
}

// The counts come first: whoever finds a message finds it counted.
std::uint32_t CompletionListWriter::publish() {
    const ListLayout& layout = list_.layout();
    const ProgramWords& words = list_.words();
    post_count_ += added_;
    words.set64(offsetof(Header, PostCount), post_count_);
    words.set64(offsetof(Header, LastMessageId), last_ids_);
    const ListState before = list_.publish(next_slot_, (next_slot_ + added_ - 1) % layout.entries);
    next_slot_ = (next_slot_ + added_) % layout.entries;
    added_ = 0;
    return before.active_threads;
}

}  // namespace ntalpc::core
