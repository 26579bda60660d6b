// SPDX-License-Identifier: LGPL-2.1-or-later
// The command line of alpcserver.
#include "server/options.h"

#include <getopt.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "ntalpc/server_location.h"

namespace ntalpc::server {
namespace {

struct Parsed {
    std::string wrong;
    Options options;
};

Parsed parse(std::vector<std::string> words) {
    words.insert(words.begin(), "alpcserver");
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    optind = 0;  // begin anew
    Parsed parsed;
    parsed.wrong = parse_options(static_cast<int>(words.size()), arguments.data(), &parsed.options);
    return parsed;
}

TEST(Options, Defaults) {
    const Parsed parsed = parse({});
    EXPECT_EQ(parsed.wrong, "");
    EXPECT_EQ(parsed.options.action, Options::Action::serve);
    EXPECT_EQ(parsed.options.debug_level, 0);
    EXPECT_FALSE(parsed.options.foreground);
    EXPECT_GT(parsed.options.linger, 0);
    EXPECT_EQ(parsed.options.directory, server_directory(prefix_from_environment()));
}

TEST(Options, ThoseOfWineserver) {
    EXPECT_EQ(parse({"-d"}).options.debug_level, 1);
    EXPECT_EQ(parse({"-d3"}).options.debug_level, 3);
    EXPECT_EQ(parse({"--debug=2"}).options.debug_level, 2);
    EXPECT_TRUE(parse({"-f"}).options.foreground);
    EXPECT_EQ(parse({"-k"}).options.action, Options::Action::kill);
    EXPECT_EQ(parse({"-k"}).options.kill_signal, 15);
    EXPECT_EQ(parse({"-k9"}).options.kill_signal, 9);
    EXPECT_LT(parse({"-p"}).options.linger, 0);
    EXPECT_EQ(parse({"-p20"}).options.linger, 20);
    EXPECT_EQ(parse({"-p0"}).options.linger, 0);
    EXPECT_EQ(parse({"-w"}).options.action, Options::Action::wait);
    EXPECT_EQ(parse({"-h"}).options.action, Options::Action::help);
    EXPECT_EQ(parse({"--version"}).options.action, Options::Action::version);
    EXPECT_EQ(parse({"--directory=/some/where"}).options.directory, "/some/where");
}

TEST(Options, OneServerForAllUsers) {
    const Parsed parsed = parse({"--system"});
    EXPECT_TRUE(parsed.options.system);
    EXPECT_TRUE(parsed.options.foreground);
    EXPECT_LT(parsed.options.linger, 0);
    EXPECT_EQ(parsed.options.directory, kSystemDirectory);
    setenv("NTALPC_SYSTEM", "/tmp/elsewhere", 1);
    EXPECT_EQ(parse({"--system"}).options.directory, "/tmp/elsewhere");
    EXPECT_EQ(parse({"--system", "--directory=/tmp/here"}).options.directory, "/tmp/here");
    setenv("NTALPC_SYSTEM", "1", 1);
    EXPECT_EQ(parse({}).options.directory, kSystemDirectory);
    unsetenv("NTALPC_SYSTEM");
}

TEST(Options, SeveralTogether) {
    const Parsed parsed = parse({"-f", "-d2", "-p5"});
    EXPECT_EQ(parsed.wrong, "");
    EXPECT_TRUE(parsed.options.foreground);
    EXPECT_EQ(parsed.options.debug_level, 2);
    EXPECT_EQ(parsed.options.linger, 5);
}

TEST(Options, NonsenseIsRefusedWithASentence) {
    for (const char* word : {"-dx", "-d-1", "-d99999999999", "-p1x", "-kTERM", "surplus"})
        EXPECT_NE(parse({word}).wrong, "") << word;
    testing::internal::CaptureStderr();
    EXPECT_NE(parse({"--no-such-option"}).wrong, "");
    testing::internal::GetCapturedStderr();
}

TEST(Options, TheDebugLevelMayComeFromTheEnvironment) {
    setenv("NTALPC_SERVER_DEBUG", "2", 1);
    EXPECT_EQ(parse({}).options.debug_level, 2);
    EXPECT_EQ(parse({"-d3"}).options.debug_level, 3) << "an option wins";
    setenv("NTALPC_SERVER_DEBUG", "much", 1);
    EXPECT_NE(parse({}).wrong, "");
    unsetenv("NTALPC_SERVER_DEBUG");
}

TEST(Options, HelpFitsAScreen) {
    std::istringstream text(kUsage);
    std::size_t lines = 0;
    for (std::string line; std::getline(text, line); ++lines) EXPECT_LE(line.size(), 100u) << line;
    EXPECT_LE(lines, 24u);
}

}  // namespace
}  // namespace ntalpc::server
