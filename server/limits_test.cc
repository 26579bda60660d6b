// SPDX-License-Identifier: LGPL-2.1-or-later
// Limits by name: what is accepted, what is not and how that is said, and what is built in.
#include "server/limits.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace ntalpc::server {
namespace {

constexpr std::size_t kManyDescriptors = 524288;

TEST(LimitsByName, AreSetWithAndWithoutUnit) {
    Limits limits;
    EXPECT_EQ(set_limit("process.objects=1000", &limits), "");
    EXPECT_EQ(limits.process.objects, 1000u);
    EXPECT_EQ(set_limit("user.memory = 3M", &limits), "");
    EXPECT_EQ(limits.user.message_bytes, std::size_t{3} << 20);
    EXPECT_EQ(set_limit("process.section-memory\t=\t2G", &limits), "");
    EXPECT_EQ(limits.process.section_bytes, std::size_t{2} << 30);
    EXPECT_EQ(set_limit("process.threads=4K", &limits), "");
    EXPECT_EQ(limits.process.threads, 4096u);
    EXPECT_EQ(set_limit("user.processes=unlimited", &limits), "");
    EXPECT_EQ(limits.user.processes, kUnlimited);
}

TEST(LimitsByName, WhatIsNoneIsRefusedByASentence) {
    const QuotaLimits before;
    for (const char* name : {"", "=1", "objects=1", "process.=1", "process.object=1", "server.objects=1",
                             "process.processes=1", "processobjects=1"}) {
        Limits limits;
        EXPECT_NE(set_limit(name, &limits).find("is no limit; alpcserver --show-limits lists them"),
                  std::string::npos)
            << name;
    }
    for (const char* value :
         {"process.objects", "process.objects=", "process.objects=0", "process.objects=-1",
          "process.objects=many", "process.objects=1k", "process.objects=1 K",
          "process.objects=99999999999999999999", "process.objects=18446744073709551615K"}) {
        Limits limits;
        EXPECT_NE(set_limit(value, &limits).find("process.objects must be a number from 1 on"),
                  std::string::npos)
            << value;
        EXPECT_EQ(limits.process.objects, before.objects);
    }
}

class LimitsFile : public testing::Test {
  protected:
    void SetUp() override {
        char path[] = "/tmp/ntalpc-limits-XXXXXX";
        ASSERT_NE(mkdtemp(path), nullptr);
        directory_ = path;
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }
    std::string read(const std::string& text, Limits* limits) const {
        std::ofstream(directory_ + "/limits.conf") << text;
        return read_limits(directory_ + "/limits.conf", true, limits);
    }

    std::string directory_;
};

TEST_F(LimitsFile, HasCommentsAndEmptyLines) {
    Limits limits;
    EXPECT_EQ(read("# of this machine\n\n  process.objects = 10  # few\r\nuser.threads=20", &limits), "");
    EXPECT_EQ(limits.process.objects, 10u);
    EXPECT_EQ(limits.user.threads, 20u);
}

TEST_F(LimitsFile, AMistakeIsNamedWithItsLine) {
    Limits limits;
    EXPECT_EQ(read("process.objects = 10\nprocess.object = 10\n", &limits),
              directory_ +
                  "/limits.conf, line 2: 'process.object' is no limit; alpcserver --show-limits lists them");
}

TEST_F(LimitsFile, OnlyTheUsualOneMayBeMissing) {
    Limits limits;
    EXPECT_EQ(read_limits(directory_ + "/none", false, &limits), "");
    EXPECT_EQ(read_limits(directory_ + "/none", true, &limits),
              "cannot read " + directory_ + "/none: No such file or directory");
    EXPECT_NE(read_limits(directory_, false, &limits), "") << "a directory";
}

TEST_F(LimitsFile, WhatIsShownCanBeRead) {
    Limits shown = default_limits(true, kManyDescriptors), limits;
    shown.process.message_bytes = 12345;
    shown.process.section_bytes = 3 << 10;
    ASSERT_EQ(read(text_of(shown), &limits), "");
    EXPECT_EQ(text_of(limits), text_of(shown));
}

TEST(LimitsFiles, AreWhereOneLooksForThem) {
    EXPECT_EQ(limits_file(true), "/etc/ntalpc/limits.conf");
    setenv("XDG_CONFIG_HOME", "/config", 1);
    EXPECT_EQ(limits_file(false), "/config/ntalpc/limits.conf");
    unsetenv("XDG_CONFIG_HOME");
    setenv("HOME", "/home/somebody", 1);
    EXPECT_EQ(limits_file(false), "/home/somebody/.config/ntalpc/limits.conf");
}

TEST(DefaultLimits, LeaveDescriptorsToOthers) {
    for (const std::size_t descriptors : {std::size_t{1024}, std::size_t{20000}, kManyDescriptors}) {
        const Limits limits = default_limits(false, descriptors);
        EXPECT_LT(limits.process.objects + limits.process.descriptors, descriptors * 2 / 3);
    }
    const Limits plenty = default_limits(false, kManyDescriptors);
    EXPECT_EQ(plenty.process.objects, QuotaLimits{}.objects);
}

TEST(DefaultLimits, OfUsersAreForServersThatHaveManyOfThem) {
    const Limits alone = default_limits(false, kManyDescriptors),
                 many = default_limits(true, kManyDescriptors);
    EXPECT_EQ(alone.user.objects, kUnlimited);
    EXPECT_EQ(alone.user.processes, kUnlimited);
    EXPECT_LT(many.user.objects, many.process.objects);
    EXPECT_LT(many.user.processes, kUnlimited);
}

}  // namespace
}  // namespace ntalpc::server
