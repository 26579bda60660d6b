// SPDX-License-Identifier: LGPL-2.1-or-later
// How the memory of a completion list is divided.
#include "core/completion_list_layout.h"

#include <gtest/gtest.h>

namespace ntalpc::core {
namespace {

TEST(CompletionListLayout, EveryPartHasItsPlace) {
    for (const std::uint32_t size : {0x400u, 0x1000u, 0x10000u, 0x123456u, 0x40000000u, 0xFFFFFFFFu}) {
        const ListLayout layout = ListLayout::fitting(size);
        ASSERT_GT(layout.chunks, 0u) << size;
        EXPECT_EQ(layout.list_offset, sizeof(ALPC_COMPLETION_LIST_HEADER));
        EXPECT_GE(layout.bitmap_offset, layout.list_offset + layout.entries * 4);
        EXPECT_GE(layout.data_offset, layout.bitmap_offset + layout.bitmap_size());
        EXPECT_GE(layout.map_words * 64, layout.chunks);
        EXPECT_LE(std::uint64_t{layout.data_offset} + layout.data_size(), size);
        EXPECT_EQ(layout.data_offset % kChunk, 0u);
        EXPECT_LE(layout.entries, ListLayout::kMostChunks);
    }
}

TEST(CompletionListLayout, NextToNothingIsWasted) {
    const ListLayout layout = ListLayout::fitting(0x100000);
    EXPECT_GT(layout.data_size(), 0x100000u / 100 * 92);
    EXPECT_GT(ListLayout::with_chunks(layout.chunks + 2).data_offset + layout.data_size() + 2 * kChunk,
              0x100000u);
}

TEST(CompletionListLayout, WhatHoldsNoMessageIsNone) {
    for (const std::uint32_t size : {0u, 0x2FFu, 0x300u, 0x37Fu})
        EXPECT_EQ(ListLayout::fitting(size).chunks, 0u);
}

TEST(CompletionListLayout, TheHeaderStatesIt) {
    const ListLayout layout = ListLayout::fitting(0x12345);
    ALPC_COMPLETION_LIST_HEADER header{};
    header.ListOffset = layout.list_offset;
    header.ListSize = layout.entries * 4;
    header.BitmapOffset = layout.bitmap_offset;
    header.BitmapSize = layout.bitmap_size();
    header.DataOffset = layout.data_offset;
    header.DataSize = layout.data_size();
    const ListLayout stated = ListLayout::stated_by(header);
    EXPECT_EQ(stated.entries, layout.entries);
    EXPECT_EQ(stated.map_words, layout.map_words);
    EXPECT_EQ(stated.chunks, layout.chunks);
    EXPECT_EQ(stated.last_word(7), layout.last_word(7));
}

}  // namespace
}  // namespace ntalpc::core
