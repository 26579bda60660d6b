// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/security/security_descriptor.h"

#include <gtest/gtest.h>

#include <cstring>

#include "ntalpc/status.h"
#include "server/security/table_test_support.h"

namespace ntalpc::security {
namespace {

SecurityDescriptor example() {
    return table::read_descriptor(
        "o:u g:g A WD 3; D u 1 flags:io,oi; OA g 4 guid; XA BA 1 cond; ?? u 1; ML HI nw; AU WD 1");
}

std::int32_t parse(Bytes bytes) {
    SecurityDescriptor ignored;
    return SecurityDescriptor::parse(bytes, &ignored);
}

TEST(SecurityDescriptor, SurvivesItsBinaryForm) {
    for (const char* text : {"", "o:u", "g:g", "o:u g:g dacl:null", "dacl:empty sacl:null", "o:v A WD 1"}) {
        const SecurityDescriptor before = table::read_descriptor(text);
        SecurityDescriptor after;
        EXPECT_EQ(SecurityDescriptor::parse(before.encode(), &after), STATUS_SUCCESS) << text;
        EXPECT_EQ(after, before) << text;
        EXPECT_EQ(before.encode().size(), before.encoded_size()) << text;
    }
    SecurityDescriptor after;
    ASSERT_EQ(SecurityDescriptor::parse(example().encode(), &after), STATUS_SUCCESS);
    EXPECT_EQ(after, example());
    EXPECT_EQ(after.dacl_view()->count(), 5u);
    EXPECT_EQ(after.sacl_view()->count(), 2u);
}

TEST(SecurityDescriptor, DistinguishesNoListNullListAndEmptyList) {
    EXPECT_FALSE(table::read_descriptor("o:u").dacl_view());
    EXPECT_FALSE(table::read_descriptor("o:u dacl:null").dacl_view());
    ASSERT_TRUE(table::read_descriptor("o:u dacl:empty").dacl_view());
    EXPECT_EQ(table::read_descriptor("o:u dacl:empty").dacl_view()->count(), 0u);
}

TEST(SecurityDescriptor, IsRefusedForWhatIsWrongWithIt) {
    const auto good = example().encode();
    ASSERT_EQ(parse(good), STATUS_SUCCESS);
    struct Damage {
        std::size_t at;
        int value;
        std::int32_t status;
        const char* what;
    };
    std::uint32_t sacl = 0, dacl = 0, owner = 0;
    std::memcpy(&owner, &good[4], 4);
    std::memcpy(&sacl, &good[12], 4);
    std::memcpy(&dacl, &good[16], 4);
    const Damage damages[] = {
        {0, 0, STATUS_UNKNOWN_REVISION, "revision 0"},
        {0, 2, STATUS_UNKNOWN_REVISION, "revision 2"},
        {3, 0, STATUS_INVALID_SECURITY_DESCR, "not self-relative"},
        {4, 2, STATUS_INVALID_SECURITY_DESCR, "owner inside the header"},
        {5, 0xFF, STATUS_INVALID_SECURITY_DESCR, "owner outside"},
        {9, 0xFF, STATUS_INVALID_SECURITY_DESCR, "group outside"},
        {13, 0xFF, STATUS_INVALID_SECURITY_DESCR, "SACL outside"},
        {16, 4, STATUS_INVALID_SECURITY_DESCR, "DACL inside the header"},
        {16, static_cast<int>(dacl) + 1, STATUS_INVALID_SECURITY_DESCR, "DACL misaligned"},
        {owner, 2, STATUS_INVALID_SID, "revision of a SID"},
        {owner + 1, 16, STATUS_INVALID_SID, "too many parts"},
        {dacl, 1, STATUS_INVALID_ACL, "revision of a list, too old"},
        {dacl, 5, STATUS_INVALID_ACL, "revision of a list, too new"},
        {dacl + 2, 4, STATUS_INVALID_ACL, "list shorter than its header"},
        {dacl + 3, 0xFF, STATUS_INVALID_ACL, "list longer than the descriptor"},
        {dacl + 4, 6, STATUS_INVALID_ACL, "more entries than there are"},
        {dacl + 8 + 2, 0, STATUS_INVALID_ACL, "empty entry"},
        {dacl + 8 + 2, 21, STATUS_INVALID_ACL, "entry of odd size"},
        {dacl + 8 + 2, 16, STATUS_INVALID_ACL, "entry too short for its SID"},
        {dacl + 8 + 9, 8, STATUS_INVALID_ACL, "SID longer than its entry"},
        {sacl + 8 + 8, 3, STATUS_INVALID_ACL, "revision of a SID in an entry"},
    };
    for (const Damage& damage : damages) {
        auto bytes = good;
        bytes[damage.at] = static_cast<std::byte>(damage.value);
        EXPECT_EQ(parse(bytes), damage.status) << damage.what;
    }
    EXPECT_EQ(parse({}), STATUS_INVALID_SECURITY_DESCR);
}

TEST(SecurityDescriptor, IsRefusedWhenCut) {
    const auto good = example().encode();
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_NE(parse(Bytes(good).first(size)), STATUS_SUCCESS);
}

TEST(SecurityDescriptor, IgnoresAnOffsetWithoutItsBit) {
    auto bytes = table::read_descriptor("o:u").encode();
    bytes[16] = std::byte{0xFF};
    EXPECT_EQ(parse(bytes), STATUS_SUCCESS);
}

TEST(SecurityDescriptor, IsNoLargerThanItMayBe) {
    AclWriter large;
    while (large.count() < 2000) large.allow(sids::kEveryone, 1);
    SecurityDescriptor descriptor;
    descriptor.set_dacl(*large.finish());
    EXPECT_EQ(parse(descriptor.encode()), STATUS_SUCCESS);
    // The same bytes for both lists: short to send, long to keep.
    auto bytes = descriptor.encode();
    bytes[2] |= std::byte{control::kSaclPresent};
    std::memcpy(&bytes[12], &bytes[16], 4);
    EXPECT_EQ(parse(bytes), STATUS_INVALID_SECURITY_DESCR);
}

TEST(AclWriter, GivesNothingBeyondTheLongestList) {
    AclWriter list;
    while (list.count() < 3277) list.allow(sids::kEveryone, 1);  // 20 bytes each
    EXPECT_FALSE(list.finish());
}

TEST(AclWriter, UsesTheRevisionThatTheEntriesNeed) {
    EXPECT_EQ(table::read_descriptor("A WD 1").dacl_view()->revision(), 2);
    EXPECT_EQ(table::read_descriptor("A WD 1; OA WD 1").dacl_view()->revision(), 4);
}

}  // namespace
}  // namespace ntalpc::security
