// SPDX-License-Identifier: LGPL-2.1-or-later
// What new objects get, row by row in the language of table_test_support.h.
#include "server/security/new_descriptor.h"

#include <gtest/gtest.h>

#include <optional>

#include "server/security/table_test_support.h"

namespace ntalpc::security {
namespace {

using table::kMapping;

Token token_of(const char* text) {
    Token token = table::read_token(table::split(text, ' '));
    token.default_dacl = *AclWriter().allow(token.user, access::kGenericAll).allow(sids::kSystem, 1).finish();
    return token;
}

constexpr const char* kNone = nullptr;
constexpr const char* kDefault = "A u ga; A SY 1";

struct Row {
    const char* what;
    const char* parent;
    const char* given;
    bool container;
    const char* expected;  // lists with generic rights not mapped yet
};

// MS-DTYP 2.5.3.4.2 to 2.5.3.4.5.
const Row kDacls[] = {
    {"unnamed, nothing given", kNone, kNone, false, kDefault},
    {"nothing given, nothing to inherit", "A WD ga", kNone, false, kDefault},
    {"parent open to all", "dacl:null", kNone, false, kDefault},
    {"given", kNone, "A WD gr", false, "A WD gr"},
    {"given, although something could be inherited", "A BA ga flags:oi", "A WD 1", false, "A WD 1"},
    {"given: everybody", "A BA ga flags:oi", "dacl:null", false, "dacl:null"},
    {"given: nobody", "A BA ga flags:oi", "dacl:empty", false, "dacl:empty"},
    {"given without a DACL", kNone, "o:u", false, kDefault},
    {"given without a DACL, inherited", "A BA 3 flags:oi", "o:u", false, "A BA 3 flags:id"},
    {"object inherits", "A BA 3 flags:oi", kNone, false, "A BA 3 flags:id"},
    {"object inherits what is only to inherit", "A BA 3 flags:oi,io; A WD 1", kNone, false,
     "A BA 3 flags:id"},
    {"object does not inherit for containers", "A BA 3 flags:ci", kNone, false, kDefault},
    {"object inherits in order", "D WD 1 flags:oi; A BA 2 flags:ci; A BU 4 flags:oi,ci", kNone, false,
     "D WD 1 flags:id; A BU 4 flags:id"},
    {"object inherits generic rights as its own", "A BA ga flags:oi", kNone, false, "A BA ga flags:id"},
    {"creator owner", "A CO ga flags:oi,io", kNone, false, "A u ga flags:id"},
    {"creator group", "A CG 1 flags:oi", kNone, false, "A g 1 flags:id"},
    {"container inherits", "A BA 3 flags:ci", kNone, true, "A BA 3 flags:ci,id"},
    {"container inherits both", "A BA 3 flags:oi,ci", kNone, true, "A BA 3 flags:oi,ci,id"},
    {"container inherits for objects in it", "A BA 3 flags:oi", kNone, true, "A BA 3 flags:oi,io,id"},
    {"container, no propagation", "A BA 3 flags:ci,np", kNone, true, "A BA 3 flags:id"},
    {"container, no propagation for objects", "A BA 3 flags:oi,np", kNone, true, kDefault},
    {"container takes effect itself", "A BA 3 flags:ci,io", kNone, true, "A BA 3 flags:ci,id"},
    {"nothing known to inherit", "?? BA 3 flags:oi", kNone, false, kDefault},
};

std::vector<std::byte> mapped(const char* text) {
    const SecurityDescriptor descriptor = table::read_descriptor(text);
    const auto view = descriptor.dacl_view();
    return view ? map_list(*view, kMapping) : std::vector<std::byte>();
}

TEST(NewDescriptor, HasTheListThatIsGivenOrInheritedOrTheDefault) {
    const Token token = token_of("u WD");
    for (const Row& row : kDacls) {
        const SecurityDescriptor parent = table::read_descriptor(row.parent ? row.parent : "");
        const SecurityDescriptor given = table::read_descriptor(row.given ? row.given : "");
        SecurityDescriptor made;
        ASSERT_EQ(make_descriptor({.parent = row.parent ? &parent : nullptr,
                                   .given = row.given ? &given : nullptr,
                                   .token = token,
                                   .mapping = kMapping,
                                   .container = row.container},
                                  &made),
                  STATUS_SUCCESS)
            << row.what;
        EXPECT_EQ(made.dacl, mapped(row.expected)) << row.what;
        EXPECT_TRUE(made.has(control::kDaclPresent)) << row.what;
        EXPECT_EQ(made.owner, token.default_owner) << row.what;
        EXPECT_EQ(made.group, token.primary_group) << row.what;
    }
}

TEST(NewDescriptor, KeepsCreatorAndGenericRightsForThoseInAContainer) {
    const Token token = token_of("u WD");
    const SecurityDescriptor parent = table::read_descriptor("A CO ga flags:oi,ci");
    SecurityDescriptor made;
    ASSERT_EQ(
        make_descriptor({.parent = &parent, .token = token, .mapping = kMapping, .container = true}, &made),
        STATUS_SUCCESS);
    const auto list = made.dacl_view();
    ASSERT_TRUE(list);
    ASSERT_EQ(list->count(), 2u);
    auto entry = list->begin();
    EXPECT_EQ((*entry).sid, sids::kCreatorOwner);
    EXPECT_EQ((*entry).mask, access::kGenericAll);
    EXPECT_EQ((*entry).flags, 0x1B);
    ++entry;
    EXPECT_EQ((*entry).sid, token.user);
    EXPECT_EQ((*entry).mask, kMapping.all);
    EXPECT_EQ((*entry).flags, 0x10);
}

TEST(NewDescriptor, TakesADefaultedListOnlyWhenNothingCanBeInherited) {
    const Token token = token_of("u WD");
    SecurityDescriptor given = table::read_descriptor("A WD 1");
    given.control |= control::kDaclDefaulted;
    const SecurityDescriptor parent = table::read_descriptor("A BA 2 flags:oi");
    SecurityDescriptor made;
    ASSERT_EQ(make_descriptor({.given = &given, .token = token, .mapping = kMapping}, &made), STATUS_SUCCESS);
    EXPECT_EQ(made.dacl, mapped("A WD 1"));
    ASSERT_EQ(
        make_descriptor({.parent = &parent, .given = &given, .token = token, .mapping = kMapping}, &made),
        STATUS_SUCCESS);
    EXPECT_EQ(made.dacl, mapped("A BA 2 flags:id"));
}

TEST(NewDescriptor, OfATokenWithoutDefaultIsOpen) {
    Token token = token_of("u WD");
    token.default_dacl.clear();
    SecurityDescriptor made;
    ASSERT_EQ(make_descriptor({.token = token, .mapping = kMapping}, &made), STATUS_SUCCESS);
    EXPECT_FALSE(made.dacl_view());
}

// MS-DTYP 2.5.3.4.1.
TEST(NewDescriptor, HasAnOwnerThatTheTokenMayName) {
    struct {
        const char* token;
        const char* given;
        std::int32_t status;
    } rows[] = {
        {"u WD", "o:u", STATUS_SUCCESS},
        {"u WD", "o:v", STATUS_INVALID_OWNER},
        {"u WD", "o:WD", STATUS_INVALID_OWNER},
        {"u BA^", "o:BA", STATUS_SUCCESS},
        {"u BA", "o:BA", STATUS_INVALID_OWNER},
        {"u WD priv:restore", "o:v", STATUS_SUCCESS},
        {"u WD held:restore", "o:v", STATUS_INVALID_OWNER},
        {"u WD", "g:h", STATUS_SUCCESS},
    };
    for (const auto& row : rows) {
        const Token token = token_of(row.token);
        const SecurityDescriptor given = table::read_descriptor(row.given);
        SecurityDescriptor made;
        EXPECT_EQ(make_descriptor({.given = &given, .token = token, .mapping = kMapping}, &made), row.status)
            << row.token << " " << row.given;
        if (row.status == STATUS_SUCCESS) {
            EXPECT_EQ(made.owner, given.owner.value_or(token.default_owner));
        }
    }
}

TEST(NewDescriptor, HasAuditsOnlyWithThePrivilegeAndLabelsUpToItsOwn) {
    struct {
        const char* token;
        const char* given;
        std::int32_t status;
    } rows[] = {
        {"u WD", "AU WD 1", STATUS_PRIVILEGE_NOT_HELD},
        {"u WD priv:security", "AU WD 1", STATUS_SUCCESS},
        {"u WD", "ML ME nw", STATUS_SUCCESS},
        {"u WD", "ML LW nw+nr", STATUS_SUCCESS},
        {"u WD", "ML HI nw", STATUS_INVALID_LABEL},
        {"u WD il:HI", "ML HI nw", STATUS_SUCCESS},
        {"u WD priv:relabel", "ML HI nw", STATUS_SUCCESS},
        {"u WD", "ML WD nw", STATUS_INVALID_LABEL},
        {"u WD", "sacl:null", STATUS_SUCCESS},
    };
    for (const auto& row : rows) {
        const Token token = token_of(row.token);
        const SecurityDescriptor given = table::read_descriptor(row.given);
        SecurityDescriptor made;
        EXPECT_EQ(make_descriptor({.given = &given, .token = token, .mapping = kMapping}, &made), row.status)
            << row.token << " " << row.given;
        if (row.status == STATUS_SUCCESS) {
            EXPECT_EQ(made.sacl, given.sacl) << row.given;
        }
    }
}

TEST(NewDescriptor, IsLabelledBelowMedium) {
    SecurityDescriptor made;
    ASSERT_EQ(make_descriptor({.token = token_of("u WD il:LW"), .mapping = kMapping}, &made), STATUS_SUCCESS);
    EXPECT_EQ(made.sacl, table::read_descriptor("ML LW nw").sacl);
    EXPECT_EQ(check_access(made, token_of("u WD il:LW"), kMapping, kMapping.all).status, STATUS_SUCCESS);
    ASSERT_EQ(make_descriptor({.token = token_of("u WD il:HI"), .mapping = kMapping}, &made), STATUS_SUCCESS);
    EXPECT_FALSE(made.sacl_view());
}

}  // namespace
}  // namespace ntalpc::security
