// SPDX-License-Identifier: LGPL-2.1-or-later
// A second thread in a test. What its function throws or returns comes out of join().
#pragma once

#include <chrono>
#include <future>
#include <thread>
#include <type_traits>

#include "conformance/harness/recorder.h"
#include "conformance/harness/test.h"

namespace ntalpc::conformance {

// Far more than any step of a test needs, less than what the watchdog allows a whole test.
constexpr std::chrono::seconds step_limit{8};

template <typename Function>
class Thread {
  public:
    using Result = std::invoke_result_t<Function>;

    explicit Thread(Function function) {
        std::packaged_task<Result()> task(
            [number = next_thread_number(), function = std::move(function)]() mutable {
                set_thread_number(number);
                return function();
            });
        result_ = task.get_future();
        thread_ = std::thread(std::move(task));
    }

    // The thread ends when the ports that it uses are closed; if it does not, the watchdog speaks up.
    ~Thread() {
        if (thread_.joinable()) thread_.join();
    }

    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    // Whether the function has returned, or does so in the given time.
    bool done(std::chrono::milliseconds limit = std::chrono::milliseconds(0)) {
        return result_.wait_for(limit) == std::future_status::ready;
    }

    Result join() {
        if (result_.wait_for(step_limit) != std::future_status::ready)
            ADD_FAILURE() << "the second thread is still busy after " << step_limit.count() << " s";
        thread_.join();
        return result_.get();
    }

  private:
    std::future<Result> result_;
    std::thread thread_;
};

}  // namespace ntalpc::conformance
