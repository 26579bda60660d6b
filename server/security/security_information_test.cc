// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/security/security_information.h"

#include <gtest/gtest.h>

#include "server/security/table_test_support.h"

namespace ntalpc::security {
namespace {

using table::kMapping;
using table::read_descriptor;

constexpr const char* kFull = "o:u g:g A WD 3; ML LW nw; AU WD 1";

// SECURITY_INFORMATION in the Windows documentation.
TEST(SecurityInformation, NeedsTheDocumentedAccess) {
    struct {
        std::uint32_t information, query, set;
    } rows[] = {
        {information::kOwner, access::kReadControl, access::kWriteOwner},
        {information::kGroup, access::kReadControl, access::kWriteOwner},
        {information::kDacl, access::kReadControl, access::kWriteDac},
        {information::kSacl, access::kSystemSecurity, access::kSystemSecurity},
        {information::kLabel, access::kReadControl, access::kWriteOwner},
        {information::kProtectedDacl, 0, access::kWriteDac},
        {information::kUnprotectedDacl, 0, access::kWriteDac},
        {information::kProtectedSacl, 0, access::kSystemSecurity},
        {information::kUnprotectedSacl, 0, access::kSystemSecurity},
        {information::kOwner | information::kDacl, access::kReadControl,
         access::kWriteOwner | access::kWriteDac},
        {0, 0, 0},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(access_to_query(row.information), row.query) << std::hex << row.information;
        EXPECT_EQ(access_to_set(row.information), row.set) << std::hex << row.information;
    }
}

TEST(SecurityInformation, QueriesWhatIsAskedFor) {
    const auto full = read_descriptor(kFull);
    struct {
        std::uint32_t information;
        const char* expected;
    } rows[] = {
        {0, ""},
        {information::kOwner, "o:u"},
        {information::kGroup, "g:g"},
        {information::kDacl, "A WD 3"},
        {information::kSacl, "AU WD 1"},
        {information::kLabel, "ML LW nw"},
        {information::kSacl | information::kLabel, "ML LW nw; AU WD 1"},
        {information::kOwner | information::kGroup | information::kDacl, "o:u g:g A WD 3"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(query_descriptor(full, row.information), read_descriptor(row.expected)) << row.expected;
    EXPECT_EQ(query_descriptor(read_descriptor("o:u dacl:null"), information::kDacl),
              read_descriptor("dacl:null"));
}

struct SetRow {
    const char* token;
    const char* before;
    const char* changes;
    std::uint32_t information;
    std::int32_t status;
    const char* after;
};
const SetRow kSets[] = {
    {"u WD", kFull, "o:u g:h", information::kGroup, STATUS_SUCCESS, "o:u g:h A WD 3; ML LW nw; AU WD 1"},
    {"u WD", kFull, "o:v", information::kOwner, STATUS_INVALID_OWNER, kFull},
    {"u WD", kFull, "g:g", information::kOwner, STATUS_INVALID_OWNER, kFull},
    {"u WD", kFull, "o:u", information::kGroup, STATUS_INVALID_PRIMARY_GROUP, kFull},
    {"v WD", "o:u g:g", "o:v", information::kOwner, STATUS_SUCCESS, "o:v g:g"},
    {"u WD priv:restore", "o:u g:g", "o:v", information::kOwner, STATUS_SUCCESS, "o:v g:g"},
    {"u WD", "o:u A WD 3", "A u 20001", information::kDacl, STATUS_SUCCESS, "o:u A u 20001"},
    {"u WD", "o:u A WD 3", "A u gr", information::kDacl, STATUS_SUCCESS, "o:u A u 20001"},
    {"u WD", "o:u A WD 3", "A u gr flags:io,oi", information::kDacl, STATUS_SUCCESS,
     "o:u A u gr flags:io,oi"},
    {"u WD", "o:u A WD 3", "dacl:null", information::kDacl, STATUS_SUCCESS, "o:u dacl:null"},
    {"u WD", "o:u A WD 3", "dacl:empty", information::kDacl, STATUS_SUCCESS, "o:u dacl:empty"},
    {"u WD", "o:u A WD 3", "", information::kDacl, STATUS_SUCCESS, "o:u"},
    {"u WD priv:security", kFull, "AU u 2", information::kSacl, STATUS_SUCCESS,
     "o:u g:g A WD 3; ML LW nw; AU u 2"},
    {"u WD", kFull, "AU u 2", information::kSacl, STATUS_PRIVILEGE_NOT_HELD, kFull},
    {"u WD", kFull, "ML ME nr", information::kLabel, STATUS_SUCCESS, "o:u g:g A WD 3; ML ME nr; AU WD 1"},
    {"u WD", kFull, "ML HI nw", information::kLabel, STATUS_INVALID_LABEL, kFull},
    {"u WD", kFull, "A u 1", 0, STATUS_SUCCESS, kFull},
};

TEST(SecurityInformation, SetsWhatIsNamed) {
    for (const SetRow& row : kSets) {
        auto descriptor = read_descriptor(row.before);
        const Token token = table::read_token(table::split(row.token, ' '));
        EXPECT_EQ(set_descriptor(&descriptor, read_descriptor(row.changes), row.information, token, kMapping),
                  row.status)
            << row.changes;
        EXPECT_EQ(descriptor, read_descriptor(row.after)) << row.changes;
    }
}

TEST(SecurityInformation, ProtectsAndUnprotects) {
    auto descriptor = read_descriptor(kFull);
    const Token token = table::read_token({"u"});
    const auto set = [&](std::uint32_t information) {
        EXPECT_EQ(set_descriptor(&descriptor, {}, information, token, kMapping), STATUS_SUCCESS);
    };
    set(information::kProtectedDacl | information::kProtectedSacl);
    EXPECT_TRUE(descriptor.has(control::kDaclProtected | control::kSaclProtected));
    set(information::kUnprotectedDacl);
    EXPECT_FALSE(descriptor.has(control::kDaclProtected));
    EXPECT_TRUE(descriptor.has(control::kSaclProtected));
    set(information::kUnprotectedSacl);
    EXPECT_EQ(descriptor, read_descriptor(kFull));
}

}  // namespace
}  // namespace ntalpc::security
