// SPDX-License-Identifier: LGPL-2.1-or-later
// Capturing descriptors from memory that may not be there.
#include "core/object_security.h"

#include <gtest/gtest.h>

#include "core/bad_memory_test_support.h"
#include "ntalpc/status.h"
#include "server/security/security_descriptor.h"

namespace ntalpc::core {
namespace {

using security::AclWriter;
using security::SecurityDescriptor;

struct Absolute {
    std::uint8_t revision = 1, padding = 0;
    std::uint16_t control = 0;
    const void *owner = nullptr, *group = nullptr, *sacl = nullptr, *dacl = nullptr;
};

SecurityDescriptor example() {
    SecurityDescriptor descriptor;
    descriptor.owner = security::sids::kSystem;
    descriptor.group = security::sids::kUsers;
    descriptor.set_dacl(*AclWriter().deny(security::sids::kEveryone, 1).finish());
    return descriptor;
}

class ObjectSecurityTest : public testing::Test {
  protected:
    NTSTATUS capture(const void* descriptor) { return capture_security_descriptor(descriptor, &captured_); }
    BadMemory memory_;
    std::vector<std::byte> captured_;
};

TEST_F(ObjectSecurityTest, BothFormsBecomeTheSame) {
    const SecurityDescriptor expected = example();
    const auto relative = expected.encode();
    EXPECT_EQ(capture(relative.data()), STATUS_SUCCESS);
    EXPECT_EQ(captured_, relative);
    const auto owner = expected.owner->bytes(), group = expected.group->bytes();
    Absolute absolute;
    absolute.control = security::control::kDaclPresent;
    absolute.owner = owner.data();
    absolute.group = group.data();
    absolute.dacl = expected.dacl.data();
    absolute.sacl = memory_.missing<char>();  // its bit is not set
    EXPECT_EQ(capture(&absolute), STATUS_SUCCESS);
    EXPECT_EQ(captured_, relative);
}

TEST_F(ObjectSecurityTest, MissingMemoryIsAnAccessViolation) {
    EXPECT_EQ(capture(memory_.missing<Absolute>()), STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(capture(nullptr), STATUS_ACCESS_VIOLATION);
    for (const void* Absolute::*part :
         {&Absolute::owner, &Absolute::group, &Absolute::sacl, &Absolute::dacl}) {
        Absolute absolute;
        absolute.control = security::control::kDaclPresent | security::control::kSaclPresent;
        absolute.*part = memory_.missing<char>();
        EXPECT_EQ(capture(&absolute), STATUS_ACCESS_VIOLATION);
    }
}

TEST_F(ObjectSecurityTest, WhatIsWrongIsSaid) {
    Absolute absolute;
    absolute.revision = 2;
    EXPECT_EQ(capture(&absolute), STATUS_UNKNOWN_REVISION);
    absolute.revision = 1;
    const std::uint8_t bad_sid[8] = {2};
    absolute.owner = bad_sid;
    EXPECT_EQ(capture(&absolute), STATUS_INVALID_SID);
    absolute.owner = nullptr;
    const std::uint8_t bad_list[8] = {7, 0, 8};
    absolute.control = security::control::kDaclPresent;
    absolute.dacl = bad_list;
    EXPECT_EQ(capture(&absolute), STATUS_INVALID_ACL);
    EXPECT_EQ(capture(reinterpret_cast<const char*>(&absolute) + 1), STATUS_DATATYPE_MISALIGNMENT);
}

TEST_F(ObjectSecurityTest, TwoLongListsAreTooMuch) {
    AclWriter list;
    while (list.count() < 2000) list.allow(security::sids::kEveryone, 1);
    const auto bytes = *list.finish();
    Absolute absolute;
    absolute.control = security::control::kDaclPresent | security::control::kSaclPresent;
    absolute.dacl = absolute.sacl = bytes.data();
    EXPECT_EQ(capture(&absolute), STATUS_INVALID_SECURITY_DESCR);
}

}  // namespace
}  // namespace ntalpc::core
