// SPDX-License-Identifier: LGPL-2.1-or-later
// The conformance program of every target: GoogleTest's usual options, and a time limit on each test.
#include <gtest/gtest.h>

#include <memory>

#include "conformance/harness/watchdog.h"

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    ::testing::UnitTest::GetInstance()->listeners().Append(
        std::make_unique<ntalpc::conformance::Watchdog>(std::chrono::seconds(20)).release());
    return RUN_ALL_TESTS();
}
