// SPDX-License-Identifier: LGPL-2.1-or-later
// The attribute buffer layout against worked examples for both pointer widths, and the helper calls.
#include "core/attributes.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "ntalpc/status.h"

namespace ntalpc::attributes {
namespace {

constexpr std::uint32_t kSecurity = ALPC_MESSAGE_SECURITY_ATTRIBUTE;
constexpr std::uint32_t kView = ALPC_MESSAGE_VIEW_ATTRIBUTE;
constexpr std::uint32_t kContext = ALPC_MESSAGE_CONTEXT_ATTRIBUTE;
constexpr std::uint32_t kHandle = ALPC_MESSAGE_HANDLE_ATTRIBUTE;
constexpr std::uint32_t kToken = ALPC_MESSAGE_TOKEN_ATTRIBUTE;
constexpr std::uint32_t kDirect = ALPC_MESSAGE_DIRECT_ATTRIBUTE;
constexpr std::uint32_t kWorkOnBehalf = ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE;

struct SizeRow {
    std::uint32_t flags, size64, size32;
};

TEST(AttributeLayout, SizesMatchTheWorkedExamples) {
    constexpr SizeRow rows[] = {
        {0, 0x08, 0x08},
        {kSecurity, 0x20, 0x14},
        {kContext, 0x28, 0x1c},
        {kHandle, 0x20, 0x18},
        {kView | kContext, 0x48, 0x2c},
        {kContext | kHandle | kToken, 0x58, 0x44},
        {kSecurity | kToken, 0x38, 0x2c},
        {0xf0000000, 0x78, 0x48},
        {ALPC_MESSAGE_ATTRIBUTE_ALL, 0xa0, 0x6c},
        {0xffffffff, 0xa0, 0x6c},
        {0x01ffffff, 0x08, 0x08},
    };
    for (const SizeRow& row : rows) {
        SCOPED_TRACE(row.flags);
        EXPECT_EQ(header_size(row.flags, Layout::bits64), row.size64);
        EXPECT_EQ(header_size(row.flags, Layout::bits32), row.size32);
    }
}

struct OffsetRow {
    std::uint32_t allocated, flag, at64, at32;
};

TEST(AttributeLayout, OffsetsMatchTheWorkedExamples) {
    constexpr std::uint32_t all = ALPC_MESSAGE_ATTRIBUTE_ALL;
    constexpr OffsetRow rows[] = {
        {kContext | kHandle | kToken, kHandle, 0x28, 0x1c},
        {kContext | kHandle | kToken, kToken, 0x40, 0x2c},
        {kSecurity | kToken, kToken, 0x20, 0x14},
        {kView | kContext, kContext, 0x28, 0x18},
        {all, kSecurity, 0x08, 0x08},
        {all, kView, 0x20, 0x14},
        {all, kContext, 0x40, 0x24},
        {all, kHandle, 0x60, 0x38},
        {all, kToken, 0x78, 0x48},
        {all, kDirect, 0x90, 0x60},
        {all, kWorkOnBehalf, 0x98, 0x64},
    };
    for (const OffsetRow& row : rows) {
        SCOPED_TRACE(row.flag);
        EXPECT_EQ(offset_of(row.allocated, row.flag, Layout::bits64), row.at64);
        EXPECT_EQ(offset_of(row.allocated, row.flag, Layout::bits32), row.at32);
    }
}

TEST(AttributeLayout, OffsetNeedsExactlyOneAllocatedBit) {
    EXPECT_EQ(offset_of(kContext, 0), 0u);
    EXPECT_EQ(offset_of(kContext | kView, kContext | kView), 0u);
    EXPECT_EQ(offset_of(kContext, kView), 0u);
}

TEST(AttributeCalls, FindIgnoresWhetherTheAttributeIsValid) {
    alignas(8) std::array<unsigned char, 0xa0> bytes{};
    auto* buffer = reinterpret_cast<ALPC_MESSAGE_ATTRIBUTES*>(bytes.data());
    buffer->AllocatedAttributes = kContext | kToken;
    EXPECT_EQ(AlpcGetMessageAttribute(buffer, kContext), &bytes[8]);
    EXPECT_EQ(AlpcGetMessageAttribute(buffer, kToken), &bytes[8 + sizeof(ALPC_CONTEXT_ATTR)]);
    EXPECT_EQ(AlpcGetMessageAttribute(buffer, kHandle), nullptr);
}

TEST(AttributeCalls, InitializeTellsTheSizeAndLeavesAShortBufferAlone) {
    std::array<unsigned char, 0xa0> bytes;
    bytes.fill(0x55);
    auto* buffer = reinterpret_cast<ALPC_MESSAGE_ATTRIBUTES*>(bytes.data());
    SIZE_T required = 0;
    const SIZE_T needed = AlpcGetHeaderSize(kContext);
    EXPECT_EQ(AlpcInitializeMessageAttribute(kContext, buffer, needed - 1, &required),
              STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(required, needed);
    EXPECT_EQ(bytes[0], 0x55);
    EXPECT_EQ(AlpcInitializeMessageAttribute(kContext, nullptr, 0, &required), STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(AlpcInitializeMessageAttribute(kContext, nullptr, needed, &required), STATUS_SUCCESS);
}

TEST(AttributeCalls, InitializeWritesOnlyTheHeader) {
    std::array<unsigned char, 0xa0> bytes;
    bytes.fill(0x55);
    auto* buffer = reinterpret_cast<ALPC_MESSAGE_ATTRIBUTES*>(bytes.data());
    SIZE_T required = 0;
    EXPECT_EQ(AlpcInitializeMessageAttribute(0xffffffff, buffer, bytes.size(), &required), STATUS_SUCCESS);
    EXPECT_EQ(buffer->AllocatedAttributes, 0xffffffffu);
    EXPECT_EQ(buffer->ValidAttributes, 0u);
    EXPECT_EQ(bytes[sizeof(*buffer)], 0x55);
}

TEST(AttributeCalls, LargestMessageFitsTheLengthField) {
    EXPECT_EQ(AlpcMaxAllowedMessageLength(), 0xffffu);
}

}  // namespace
}  // namespace ntalpc::attributes
