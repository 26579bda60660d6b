// SPDX-License-Identifier: LGPL-2.1-or-later
// Sizes and offsets of the structures (section 2 of the ABI notes). The numbers are those of 64-bit and
// 32-bit programs.
#include <cstddef>

#include "conformance/harness/test.h"

namespace ntalpc::conformance {
namespace {

constexpr std::size_t by_target(std::size_t on_64_bits, std::size_t on_32_bits) {
    return sizeof(void*) == 8 ? on_64_bits : on_32_bits;
}

ALPC_TEST(Layout, PortMessage, "L01", "PHNT, P4W, OVMM", high) {
    EXPECT_EQ(sizeof(PORT_MESSAGE), by_target(0x28, 0x18));
    EXPECT_EQ(offsetof(PORT_MESSAGE, ClientId), 8u);
    EXPECT_EQ(offsetof(PORT_MESSAGE, MessageId), by_target(0x18, 0x10));
    EXPECT_EQ(offsetof(PORT_MESSAGE, CallbackId), by_target(0x20, 0x14));
}

ALPC_TEST(Layout, PortAttributes, "L02", "PHNT, P0", high) {
    EXPECT_EQ(sizeof(ALPC_PORT_ATTRIBUTES), by_target(0x48, 0x2C));
    EXPECT_EQ(offsetof(ALPC_PORT_ATTRIBUTES, MaxMessageLength), 0x10u);
    EXPECT_EQ(offsetof(ALPC_PORT_ATTRIBUTES, DupObjectTypes), by_target(0x40, 0x28));
}

ALPC_TEST(Layout, MessageAttributes, "L03", "P4W, PHNT", high) {
    EXPECT_EQ(sizeof(ALPC_MESSAGE_ATTRIBUTES), 8u);
    EXPECT_EQ(sizeof(ALPC_SECURITY_ATTR), by_target(0x18, 0x0C));
    EXPECT_EQ(sizeof(ALPC_DATA_VIEW_ATTR), by_target(0x20, 0x10));
    EXPECT_EQ(sizeof(ALPC_CONTEXT_ATTR), by_target(0x20, 0x14));
    EXPECT_EQ(sizeof(ALPC_HANDLE_ATTR), by_target(0x18, 0x10));
    EXPECT_EQ(sizeof(ALPC_TOKEN_ATTR), 0x18u);
    EXPECT_EQ(sizeof(ALPC_DIRECT_ATTR), by_target(8, 4));
    EXPECT_EQ(sizeof(ALPC_WORK_ON_BEHALF_ATTR), 8u);
}

ALPC_TEST(Layout, HandleInformation, "L04", "PHNT, OVMM, SOGEN", high) {
    EXPECT_EQ(sizeof(ALPC_MESSAGE_HANDLE_INFORMATION), 0x14u);
    EXPECT_EQ(sizeof(ALPC_HANDLE_ATTR32), 0x10u);
}

ALPC_TEST(Layout, CompletionListHeader, "L05", "PHNT, ROST", high) {
    EXPECT_EQ(sizeof(ALPC_COMPLETION_LIST_HEADER), 0x300u);
    EXPECT_EQ(offsetof(ALPC_COMPLETION_LIST_HEADER, State), 0x80u);
    EXPECT_EQ(offsetof(ALPC_COMPLETION_LIST_HEADER, PostCount), 0x100u);
    EXPECT_EQ(offsetof(ALPC_COMPLETION_LIST_HEADER, ReturnCount), 0x180u);
    EXPECT_EQ(offsetof(ALPC_COMPLETION_LIST_HEADER, LogSequenceNumber), 0x200u);
    EXPECT_EQ(offsetof(ALPC_COMPLETION_LIST_HEADER, UserLock), 0x280u);
}

}  // namespace
}  // namespace ntalpc::conformance
