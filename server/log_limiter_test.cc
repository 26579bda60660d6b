// SPDX-License-Identifier: LGPL-2.1-or-later
// What clients may cause to be written: bursts, what is left out, and that this is told.
#include "server/log_limiter.h"

#include <gtest/gtest.h>

#include <vector>

namespace ntalpc::server {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr int kAtOnce = static_cast<int>(LogLimiter::kLinesAtOnce);
constexpr int kAtOnceOfUser = static_cast<int>(LogLimiter::kLinesAtOnce * LogLimiter::kUserFactor);

class LogLimiterTest : public testing::Test {
  protected:
    int written(const LogSubject& subject, int lines) {
        int count = 0;
        for (int i = 0; i < lines; ++i) count += limiter_.admit(subject, now_);
        return count;
    }
    std::vector<std::string> told() {
        std::vector<std::string> all;
        next_ = limiter_.tell(now_, [&](const std::string& sentence) { all.push_back(sentence); });
        return all;
    }

    LogLimiter limiter_;
    std::int64_t now_ = 1000 * kSecond;
    std::int64_t next_ = 0;
};

TEST_F(LogLimiterTest, AProcessMayCauseSomeLinesAtOnceAndThenAFew) {
    const LogSubject noisy{1, 10}, other{1, 11};
    EXPECT_EQ(written(noisy, 1000), kAtOnce);
    EXPECT_EQ(written(other, 5), 5);
    now_ += 3 * kSecond;
    EXPECT_EQ(written(noisy, 1000), 3);
    now_ += 1000 * kSecond;
    EXPECT_EQ(written(noisy, 1000), kAtOnce) << "no more is saved up";
}

TEST_F(LogLimiterTest, AUserWithManyProcessesIsHeldDownToo) {
    int count = 0;
    for (std::uint32_t process = 0; process < 5000; ++process) count += written({7, process}, 2);
    EXPECT_EQ(count, kAtOnceOfUser);
    EXPECT_EQ(written({8, 1}, 2), 2);
}

TEST_F(LogLimiterTest, WhatWasLeftOutIsTold) {
    EXPECT_TRUE(told().empty());
    EXPECT_LT(next_, 0);
    written({1, 10}, kAtOnce + 5);
    EXPECT_TRUE(told().empty()) << "there may be more";
    EXPECT_EQ(next_, now_ + LogLimiter::kSummaryAfter);
    now_ = next_;
    EXPECT_EQ(told(), std::vector<std::string>{
                          "5 lines about process 10 of user 1 were left out: there were too many of "
                          "them"});
    EXPECT_LT(next_, 0);
    EXPECT_TRUE(told().empty());
}

TEST_F(LogLimiterTest, ForAUserThatIsOneSentence) {
    for (std::uint32_t process = 0; process < 3000; ++process) written({7, process}, 1);
    now_ += LogLimiter::kSummaryAfter;
    EXPECT_EQ(told(),
              std::vector<std::string>{"2000 lines about user 7 were left out: there were too many of them"});
}

}  // namespace
}  // namespace ntalpc::server
