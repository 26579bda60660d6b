// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of alpcrun's command line.
#include "overlay/launch_options.h"

#include <gtest/gtest.h>

namespace ntalpc {
namespace {

using Words = std::vector<std::string>;

TEST(LaunchOptions, EndAtTheProgram) {
    const Result<LaunchOptions> options = parse_launch_options({"-v", "a b.exe", "--help", "--", "-v", ""});
    ASSERT_TRUE(options);
    EXPECT_TRUE(options->verbose);
    EXPECT_FALSE(options->help);
    EXPECT_EQ(options->program, (Words{"a b.exe", "--help", "--", "-v", ""}));
}

TEST(LaunchOptions, EndAtTwoDashes) {
    const Result<LaunchOptions> options = parse_launch_options({"--rebuild-overlay", "--", "-v.exe", "x"});
    ASSERT_TRUE(options);
    EXPECT_TRUE(options->rebuild_overlay);
    EXPECT_FALSE(options->verbose);
    EXPECT_EQ(options->program, (Words{"-v.exe", "x"}));
}

TEST(LaunchOptions, TakeTheWineToUse) {
    EXPECT_EQ(parse_launch_options({"--wine", "/opt/wine-stable", "p"})->wine, "/opt/wine-stable");
    EXPECT_EQ(parse_launch_options({"--wine=/opt/wine-devel", "p"})->wine, "/opt/wine-devel");
    EXPECT_FALSE(parse_launch_options({"--wine"}));
}

TEST(LaunchOptions, DescribeTheRelay) {
    EXPECT_FALSE(parse_launch_options({"p"})->relay_calls);
    EXPECT_EQ(parse_launch_options({"--relay", "p"})->relay_calls, "*");
    EXPECT_EQ(parse_launch_options({"--relay=NtAlpc*,Tp*", "p"})->relay_calls, "NtAlpc*,Tp*");
    for (const char* const empty : {"--relay=", "--relay-from=", "--relay-file="})
        EXPECT_FALSE(parse_launch_options({empty, "p"})) << empty;
    const Result<LaunchOptions> options =
        parse_launch_options({"--relay-from=a.dll", "--relay-file=x y", "p"});
    ASSERT_TRUE(options);
    EXPECT_EQ(options->relay_calls, "*") << "who describes it wants it";
    EXPECT_EQ(options->relay_modules, "a.dll");
    EXPECT_EQ(options->relay_file, "x y");
}

TEST(LaunchOptions, NeedAProgramUnlessThereIsSomethingElseToDo) {
    EXPECT_FALSE(parse_launch_options({}));
    EXPECT_FALSE(parse_launch_options({"-v", "--"}));
    for (const char* word : {"--help", "--version", "--print-overlay", "--rebuild-overlay"}) {
        EXPECT_TRUE(parse_launch_options({word})) << word;
    }
}

TEST(LaunchOptions, RefuseUnknownWords) {
    const Result<LaunchOptions> options = parse_launch_options({"--frobnicate", "p.exe"});
    ASSERT_FALSE(options);
    EXPECT_NE(options.error().sentence.find("'--frobnicate'"), std::string::npos);
}

}  // namespace
}  // namespace ntalpc
