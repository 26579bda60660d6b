// SPDX-License-Identifier: LGPL-2.1-or-later
// The watchdog's thread sleeps until the running test's deadline; each start and end of a test wakes it.
#include "conformance/harness/watchdog.h"

#include <cstdio>
#include <cstdlib>

#include "conformance/harness/test_run.h"

namespace ntalpc::conformance {

namespace {
Watchdog* watching = nullptr;
}  // namespace

void allow_more_time(std::chrono::seconds limit) {
    if (watching) watching->allow(limit);
}

Watchdog::Watchdog(std::chrono::seconds limit) : limit_(limit), thread_([this] { watch(); }) {
    watching = this;
}

Watchdog::~Watchdog() {
    watching = nullptr;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void Watchdog::OnTestStart(const ::testing::TestInfo& test) {
    const std::lock_guard lock(mutex_);
    test_ = std::string(test.test_suite_name()) + "." + test.name();
    begin_ = Clock::now();
    allowed_ = limit_;
    changed_.notify_one();
}

void Watchdog::allow(std::chrono::seconds limit) {
    const std::lock_guard lock(mutex_);
    allowed_ = limit;
    changed_.notify_one();
}

void Watchdog::OnTestEnd(const ::testing::TestInfo&) {
    const std::lock_guard lock(mutex_);
    test_.clear();
    changed_.notify_one();
}

void Watchdog::watch() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (test_.empty()) {
            changed_.wait(lock);
        } else if (changed_.wait_until(lock, begin_ + allowed_) == std::cv_status::timeout &&
                   !test_.empty() && Clock::now() >= begin_ + allowed_) {
            std::printf("HUNG: %s did not end within %d s\n", test_.c_str(),
                        static_cast<int>(allowed_.count()));
            std::fflush(stdout);
            std::_Exit(hung_exit_code);
        }
    }
}

}  // namespace ntalpc::conformance
