// SPDX-License-Identifier: LGPL-2.1-or-later
// Ends the program when a single test takes too long: a call that never returns cannot be failed in any other
// way.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace ntalpc::conformance {

// Gives the running test a time limit of its own.
void allow_more_time(std::chrono::seconds limit);

class Watchdog : public ::testing::EmptyTestEventListener {
  public:
    explicit Watchdog(std::chrono::seconds limit);
    ~Watchdog() override;

    void OnTestStart(const ::testing::TestInfo& test) override;
    void OnTestEnd(const ::testing::TestInfo& test) override;

    void allow(std::chrono::seconds limit);

  private:
    using Clock = std::chrono::steady_clock;

    void watch();

    const std::chrono::seconds limit_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string test_;  // empty between tests
    Clock::time_point begin_{};
    std::chrono::seconds allowed_{};  // since then
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace ntalpc::conformance
