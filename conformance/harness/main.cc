// SPDX-License-Identifier: LGPL-2.1-or-later
// The conformance program of every target: GoogleTest's usual options, a time limit on each
// test, and the parts that tests of several processes give to others.
#include <gtest/gtest.h>

#include <memory>

#include "conformance/harness/process.h"
#include "conformance/harness/watchdog.h"

int main(int argc, char** argv) {
    int exit_status = 0;
    if (ntalpc::conformance::play_part(argc, argv, &exit_status)) return exit_status;
    ::testing::InitGoogleTest(&argc, argv);
    ::testing::UnitTest::GetInstance()->listeners().Append(
        std::make_unique<ntalpc::conformance::Watchdog>(std::chrono::seconds(20)).release());
    return RUN_ALL_TESTS();
}
