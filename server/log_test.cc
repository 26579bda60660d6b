// SPDX-License-Identifier: LGPL-2.1-or-later
// Log lines: which ones are written, how they look, and how names appear in them.
#include "server/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace ntalpc::server {
namespace {

class LogTest : public testing::Test {
  protected:
    void TearDown() override {
        set_log_level(0);
        set_log_form(LogForm::terminal);
    }
};

TEST_F(LogTest, OnlyEnabledLevelsAreWritten) {
    set_log_level(1);
    testing::internal::CaptureStderr();
    log(LogLevel::always, "one %d", 1);
    log(LogLevel::connections, "two");
    log(LogLevel::messages, "three");
    const std::string written = testing::internal::GetCapturedStderr();
    EXPECT_NE(written.find("one 1\n"), std::string::npos);
    EXPECT_NE(written.find("two\n"), std::string::npos);
    EXPECT_EQ(written.find("three"), std::string::npos);
    EXPECT_TRUE(log_enabled(LogLevel::connections));
    EXPECT_FALSE(log_enabled(LogLevel::messages));
}

TEST_F(LogTest, ALineBeginsWithTheTime) {
    testing::internal::CaptureStderr();
    log(LogLevel::always, "x");
    const std::string line = testing::internal::GetCapturedStderr();
    ASSERT_EQ(line.size(), sizeof("00:00:00.000000 x"));
    EXPECT_EQ(line[2], ':');
    EXPECT_EQ(line[8], '.');
}

TEST_F(LogTest, TheJournalGetsPrioritiesAndNoTimes) {
    set_log_level(3);
    set_log_form(LogForm::journal);
    testing::internal::CaptureStderr();
    log(LogLevel::always, "a");
    log(LogLevel::connections, "b");
    log(LogLevel::messages, "c");
    log(LogLevel::requests, "d");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "<4>a\n<6>b\n<7>c\n<7>d\n");
}

TEST_F(LogTest, AVeryLongLineIsCutAndStaysALine) {
    testing::internal::CaptureStderr();
    log(LogLevel::always, "%s", std::string(100000, 'x').c_str());
    const std::string line = testing::internal::GetCapturedStderr();
    EXPECT_LT(line.size(), 4096u);
    EXPECT_GT(line.size(), 1000u);
    EXPECT_EQ(line.back(), '\n');
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
    EXPECT_EQ(line.find('\0'), std::string::npos);
}

TEST(Printable, IsUtf8) {
    EXPECT_EQ(printable(u""), "");
    EXPECT_EQ(printable(u"\\RPC Control\\x"), "\\RPC Control\\x");
    EXPECT_EQ(printable(u"\u00E4\u20AC\U0001F600"), "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
}

TEST(Printable, HidesWhatWouldBreakALine) {
    EXPECT_EQ(printable(u"a\nb\tc\x7F\x01"), "a?b?c??");
    EXPECT_EQ(printable(std::u16string_view(u"a\0b", 3)), "a?b");
    const char16_t high[] = {0xD83D, 'x'}, low[] = {0xDE00, 'x'}, last[] = {'x', 0xD83D};
    EXPECT_EQ(printable({high, 2}), "?x");
    EXPECT_EQ(printable({low, 2}), "?x");
    EXPECT_EQ(printable({last, 2}), "x?");
}

}  // namespace
}  // namespace ntalpc::server
