// SPDX-License-Identifier: LGPL-2.1-or-later
// The helpers for attribute buffers, which never enter the kernel (section 2.5 of the ABI notes).
#include <cstring>
#include <vector>

#include "conformance/harness/test.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG all_attributes = ALPC_MESSAGE_ATTRIBUTE_ALL;
constexpr ULONG view_and_context = ALPC_MESSAGE_VIEW_ATTRIBUTE | ALPC_MESSAGE_CONTEXT_ATTRIBUTE;

// Room for every attribute; each ULONG64 keeps the alignment that a program would give it.
struct Buffer {
    ULONG64 storage[0x100 / sizeof(ULONG64)];

    explicit Buffer(ULONG allocated, int pattern = 0) {
        std::memset(storage, pattern, sizeof(storage));
        get()->AllocatedAttributes = allocated;
        get()->ValidAttributes = 0;
    }
    PALPC_MESSAGE_ATTRIBUTES get() { return reinterpret_cast<PALPC_MESSAGE_ATTRIBUTES>(storage); }
    // Where an attribute is, from the start of the buffer; -1 for NULL.
    std::ptrdiff_t offset_of(ULONG flag) {
        void* attribute = api().AlpcGetMessageAttribute(get(), flag);
        return attribute ? static_cast<char*>(attribute) - reinterpret_cast<char*>(storage) : -1;
    }
};

ALPC_TEST(Helpers, HeaderSizeOfNothingIsTheHeader, "L06", "CSK, ROST", high) {
    EXPECT_EQ(api().AlpcGetHeaderSize(ULONG{0}), 8u);
}

ALPC_TEST(Helpers, HeaderSizeOfEverything, "L07", "P4W sizes", high) {
    EXPECT_EQ(api().AlpcGetHeaderSize(all_attributes), sizeof(void*) == 8 ? 0xA0u : 0x6Cu);
}

ALPC_TEST(Helpers, HeaderSizeIsTheSumOfTheParts, "L08", "P4W sizes", high) {
    EXPECT_EQ(api().AlpcGetHeaderSize(view_and_context),
              8 + sizeof(ALPC_DATA_VIEW_ATTR) + sizeof(ALPC_CONTEXT_ATTR));
}

ALPC_TEST(Helpers, HeaderSizeIgnoresUnknownBits, "L09", "ROST", low) {
    EXPECT_EQ(api().AlpcGetHeaderSize(view_and_context | 0x01FFFFFF),
              api().AlpcGetHeaderSize(view_and_context));
}

ALPC_TEST(Helpers, InitializeWithoutABufferTellsTheSize, "L10", "P4W", high) {
    SIZE_T needed = 0;
    EXPECT_STATUS(STATUS_BUFFER_TOO_SMALL,
                  api().AlpcInitializeMessageAttribute(view_and_context, PALPC_MESSAGE_ATTRIBUTES{},
                                                       SIZE_T{0}, &needed));
    EXPECT_EQ(needed, api().AlpcGetHeaderSize(view_and_context));
}

ALPC_TEST(Helpers, InitializeLeavesATooSmallBufferAlone, "L11", "ROST", medium) {
    constexpr int pattern = 0xC3;
    Buffer buffer(0xC3C3C3C3, pattern);
    buffer.get()->ValidAttributes = 0xC3C3C3C3;
    const Buffer before = buffer;
    SIZE_T needed = 0;
    const SIZE_T one_short = api().AlpcGetHeaderSize(view_and_context) - 1;
    EXPECT_STATUS(STATUS_BUFFER_TOO_SMALL,
                  api().AlpcInitializeMessageAttribute(view_and_context, buffer.get(), one_short, &needed));
    EXPECT_EQ(needed, one_short + 1);
    EXPECT_EQ(std::memcmp(&buffer, &before, sizeof(buffer)), 0);
}

ALPC_TEST(Helpers, InitializeWritesTheHeaderOnly, "L12", "P4W, CSK, OVMM", high) {
    Buffer buffer(0xFFFFFFFF, 0xC3);
    SIZE_T needed = api().AlpcGetHeaderSize(view_and_context);
    EXPECT_STATUS(STATUS_SUCCESS,
                  api().AlpcInitializeMessageAttribute(view_and_context, buffer.get(), needed, &needed));
    EXPECT_EQ(buffer.get()->AllocatedAttributes, view_and_context);
    EXPECT_EQ(buffer.get()->ValidAttributes, 0u);
    for (std::size_t i = 1; i < std::size(buffer.storage); ++i)
        EXPECT_EQ(buffer.storage[i], 0xC3C3C3C3C3C3C3C3u) << "word " << i;
}

ALPC_TEST(Helpers, InitializeTellsTheExactNeedOfALargerBuffer, "L13", "OVMM", high) {
    Buffer buffer(0);
    SIZE_T needed = 0;
    EXPECT_STATUS(STATUS_SUCCESS,
                  api().AlpcInitializeMessageAttribute(view_and_context, buffer.get(),
                                                       SIZE_T{sizeof(buffer.storage)}, &needed));
    EXPECT_EQ(needed, api().AlpcGetHeaderSize(view_and_context));
}

ALPC_TEST(Helpers, InitializeWithoutABufferButWithEnoughSizeSucceeds, "2.5", "Wine", high) {
    SIZE_T needed = 0;
    EXPECT_STATUS(STATUS_SUCCESS, api().AlpcInitializeMessageAttribute(
                                      view_and_context, PALPC_MESSAGE_ATTRIBUTES{}, SIZE_T{0x100}, &needed));
    EXPECT_EQ(needed, api().AlpcGetHeaderSize(view_and_context));
}

ALPC_TEST(Helpers, InitializeKeepsUnknownBitsAsAllocated, "2.5", "Wine", high) {
    Buffer buffer(0);
    SIZE_T needed = 0;
    EXPECT_STATUS(STATUS_SUCCESS,
                  api().AlpcInitializeMessageAttribute(ULONG{0xFFFFFFFF}, buffer.get(),
                                                       SIZE_T{sizeof(buffer.storage)}, &needed));
    EXPECT_EQ(buffer.get()->AllocatedAttributes, 0xFFFFFFFFu);
}

ALPC_TEST(Helpers, AttributesStandHighestBitFirst, "L14", "P4W, CSK", high) {
    Buffer buffer(all_attributes);
    const bool wide = sizeof(void*) == 8;
    EXPECT_EQ(buffer.offset_of(ALPC_MESSAGE_SECURITY_ATTRIBUTE), 0x08);
    EXPECT_EQ(buffer.offset_of(ALPC_MESSAGE_VIEW_ATTRIBUTE), wide ? 0x20 : 0x14);
    EXPECT_EQ(buffer.offset_of(ALPC_MESSAGE_CONTEXT_ATTRIBUTE), wide ? 0x40 : 0x24);
    EXPECT_EQ(buffer.offset_of(ALPC_MESSAGE_HANDLE_ATTRIBUTE), wide ? 0x60 : 0x38);
    EXPECT_EQ(buffer.offset_of(ALPC_MESSAGE_TOKEN_ATTRIBUTE), wide ? 0x78 : 0x48);
    EXPECT_EQ(buffer.offset_of(ALPC_MESSAGE_DIRECT_ATTRIBUTE), wide ? 0x90 : 0x60);
    EXPECT_EQ(buffer.offset_of(ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE), wide ? 0x98 : 0x64);
}

ALPC_TEST(Helpers, AttributesThatAreNotAllocatedTakeNoRoom, "L15", "OVMM, P4W", high) {
    Buffer buffer(ALPC_MESSAGE_CONTEXT_ATTRIBUTE | ALPC_MESSAGE_HANDLE_ATTRIBUTE);
    EXPECT_EQ(buffer.offset_of(ALPC_MESSAGE_HANDLE_ATTRIBUTE),
              static_cast<std::ptrdiff_t>(8 + sizeof(ALPC_CONTEXT_ATTR)));
}

ALPC_TEST(Helpers, AttributeThatIsNotAllocatedIsNull, "L16", "ROST, PHNT", medium) {
    Buffer buffer(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    EXPECT_EQ(buffer.offset_of(ALPC_MESSAGE_VIEW_ATTRIBUTE), -1);
}

ALPC_TEST(Helpers, NoFlagOrTwoFlagsIsNull, "L17", "ROST", low) {
    Buffer buffer(all_attributes);
    EXPECT_EQ(buffer.offset_of(0), -1);
    EXPECT_EQ(buffer.offset_of(view_and_context), -1);
}

ALPC_TEST(Helpers, AttributeIsFoundWithoutBeingValid, "L18", "P4W, CSK, OVMM", high) {
    Buffer buffer(all_attributes);
    EXPECT_NE(buffer.offset_of(ALPC_MESSAGE_VIEW_ATTRIBUTE), -1);
    EXPECT_EQ(buffer.get()->ValidAttributes, 0u);
}

ALPC_TEST(Helpers, LargestMessageIsAConstant, "L19", "P0, UA, CSK", medium) {
    const ULONG length = api().AlpcMaxAllowedMessageLength();
    EXPECT_EQ(api().AlpcMaxAllowedMessageLength(), length);
    EXPECT_GE(length, 0x7FFFu);
    EXPECT_LE(length, 0xFFFFu);
}

}  // namespace
}  // namespace ntalpc::conformance
