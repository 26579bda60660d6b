// SPDX-License-Identifier: LGPL-2.1-or-later
// The parent's side of a run, see test_run.h.
#include "conformance/harness/test_run.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace ntalpc::conformance {

namespace {

// How much longer than its own limit a child is waited for before it is ended from outside.
constexpr std::chrono::seconds grace{5};

TestResult run_one(const Options& options, const ::testing::TestInfo& test) {
    TestResult result;
    result.test = std::string(test.test_suite_name()) + "." + test.name();
    result.file = test.file();
    result.file.erase(0, result.file.find_last_of("/\\") + 1);
    result.line = test.line();
    // Beside the result, because its directory can be written to and its name can be spelt.
    const std::string rows = options.output + ".part";
    std::remove(rows.c_str());
    const auto begin = std::chrono::steady_clock::now();
    const ChildEnd end = run_child({"--gtest_filter=" + result.test,
                                    "--limit=" + std::to_string(options.limit.count()), "--record=" + rows},
                                   options.limit + grace);
    const auto took = std::chrono::steady_clock::now() - begin;
    result.milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    read_rows(rows, result);
    std::remove(rows.c_str());
    decide_outcome(end, result);
    return result;
}

}  // namespace

void decide_outcome(const ChildEnd& end, TestResult& result) {
    if (end.kind == ChildEnd::Kind::hung ||
        (end.kind == ChildEnd::Kind::exited && end.code == hung_exit_code)) {
        result.outcome = "hung";
        result.reason = end.reason.empty() ? "did not end within its time limit" : end.reason;
    } else if (end.kind == ChildEnd::Kind::crashed && end.code == wine_stub_exception) {
        result.outcome = "not supported here";
        result.reason = "an entry point is only a stub of Wine here";
    } else if (end.kind != ChildEnd::Kind::exited) {
        result.outcome = "crashed";
        result.reason = end.reason;
    } else if (result.outcome.empty()) {
        result.outcome = "crashed";
        result.reason = "its process exited with " + std::to_string(end.code) + " in the middle of the test";
    }
}

std::vector<TestResult> run_tests(const Options& options, const Progress& progress) {
    std::vector<TestResult> results;
    const ::testing::UnitTest& all = *::testing::UnitTest::GetInstance();
    for (int i = 0; i < all.total_test_suite_count(); ++i) {
        const ::testing::TestSuite& suite = *all.GetTestSuite(i);
        for (int j = 0; j < suite.total_test_count(); ++j) {
            const ::testing::TestInfo& test = *suite.GetTestInfo(j);
            if (!matches(options.filter, std::string(suite.name()) + "." + test.name())) continue;
            results.push_back(run_one(options, test));
            progress(results.back());
        }
    }
    return results;
}

}  // namespace ntalpc::conformance
