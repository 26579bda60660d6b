// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/security/sid.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace ntalpc::security {
namespace {

struct Case {
    const char* text;
    Sid sid;
    std::size_t size;
};
const Case kCases[] = {
    {"S-1-0-0", sids::kNobody, 12},
    {"S-1-1-0", sids::kEveryone, 12},
    {"S-1-5-32-544", sids::kAdministrators, 16},
    {"S-1-16-8192", Sid(kLabelAuthority, {integrity::kMedium}), 12},
    {"S-1-5-21-0-0-0-1000", Sid(5, {21, 0, 0, 0, 1000}), 28},
    {"S-1-5-4294967295", Sid(5, {0xFFFFFFFF}), 12},
    {"S-1-0x123456789ABC-7", Sid(0x123456789ABC, {7}), 12},
    {"S-1-5", Sid(5, {}), 8},
    {"S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15", Sid(5, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}),
     Sid::kMaxSize},
};

TEST(Sid, HasATextAndABinaryForm) {
    for (const Case& row : kCases) {
        EXPECT_EQ(row.sid.to_string(), row.text);
        EXPECT_EQ(Sid::from_string(row.text), row.sid) << row.text;
        EXPECT_EQ(row.sid.size(), row.size) << row.text;
        EXPECT_EQ(row.sid.bytes().size(), row.size) << row.text;
        EXPECT_EQ(Sid::from_bytes(row.sid.bytes()), row.sid) << row.text;
    }
}

TEST(Sid, KeepsTheAuthorityInNetworkOrder) {
    const std::vector<std::byte> administrators = sids::kAdministrators.bytes();
    const std::uint8_t expected[] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0};
    ASSERT_EQ(administrators.size(), sizeof(expected));
    EXPECT_EQ(std::memcmp(administrators.data(), expected, sizeof(expected)), 0);
}

TEST(Sid, RefusesBytesThatAreNone) {
    auto bytes = sids::kAdministrators.bytes();
    EXPECT_TRUE(Sid::from_bytes(bytes));
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(Sid::parse(Bytes(bytes).first(size))) << size;
    bytes.push_back(std::byte{0});
    EXPECT_FALSE(Sid::from_bytes(bytes)) << "something behind it";
    EXPECT_TRUE(Sid::parse(bytes)) << "it is only the beginning that counts here";
    bytes[0] = std::byte{2};
    EXPECT_FALSE(Sid::parse(bytes)) << "revision";
    std::vector<std::byte> long_one(8 + 4 * 16);
    long_one[0] = std::byte{1};
    long_one[1] = std::byte{16};
    EXPECT_FALSE(Sid::parse(long_one)) << "more than 15 parts";
}

TEST(Sid, RefusesTextThatIsNone) {
    for (const char* text : {"", "S", "S-1", "S-1-", "S-2-5-18", "S-1-5-", "S-1-5--18", "S-1-5-x",
                             "S-1-5-18 ", "S-1-5-4294967296", "S-1-0x1000000000000-1", "S-1--5", "S-1-5-0x",
                             "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16"})
        EXPECT_FALSE(Sid::from_string(text)) << text;
}

TEST(Sid, IsComparedByAllItsParts) {
    EXPECT_NE(Sid(5, {32}), Sid(5, {32, 0}));
    EXPECT_NE(Sid(5, {32}), Sid(6, {32}));
    EXPECT_EQ(Sid(5, {32, 544}), sids::kAdministrators);
}

}  // namespace
}  // namespace ntalpc::security
