// SPDX-License-Identifier: LGPL-2.1-or-later
// The conformance program of every target. Started by itself it runs every test in a process of its own and
// writes a result file; with options of GoogleTest it is an ordinary GoogleTest program.
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>

#include "conformance/harness/options.h"
#include "conformance/harness/process.h"
#include "conformance/harness/report.h"
#include "conformance/harness/result_file.h"
#include "conformance/harness/test_run.h"
#include "conformance/harness/watchdog.h"

namespace ntalpc::conformance {
namespace {

int run_plainly(const Options& options, int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    ::testing::UnitTest::GetInstance()->listeners().Append(
        std::make_unique<Watchdog>(options.limit).release());
    return RUN_ALL_TESTS();
}

int run_isolated(const Options& options) {
    RunFacts run;
    run.system = system_facts();
    run.started = std::time(nullptr);
    // Before the tests, which take their time.
    if (!write_result(options, run, {})) {
        std::fprintf(stderr, "alpc_conformance: cannot write %s; say another place with --output=FILE\n",
                     options.output.c_str());
        return 2;
    }
    const auto begin = std::chrono::steady_clock::now();
    const std::vector<TestResult> results =
        run_tests(options, [&](const TestResult& result) { report_test(options, run.system, result); });
    const auto took = std::chrono::steady_clock::now() - begin;
    run.milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    report_end(options, run.system, results);
    if (!write_result(options, run, results)) {
        std::fprintf(stderr, "alpc_conformance: %s could not be written to its end; make room on its disk\n",
                     options.output.c_str());
        return 2;
    }
    if (options.format == Options::Format::text) std::printf("the result is in %s\n", options.output.c_str());
    for (const TestResult& result : results)
        if (is_bad(result)) return 1;
    return 0;
}

}  // namespace
}  // namespace ntalpc::conformance

int main(int argc, char** argv) {
    using namespace ntalpc::conformance;
    // Tests of several processes start this program again for their other parts.
    int exit_status = 0;
    if (play_part(argc, argv, &exit_status)) return exit_status;
    std::string error;
    const auto options = parse_options(argc, argv, error);
    if (!options) {
        std::fprintf(stderr, "alpc_conformance: %s\n", error.c_str());
        return 2;
    }
    switch (options->mode) {
        case Options::Mode::help:
            std::fputs(help_text, stdout);
            return 0;
        case Options::Mode::child:
            return run_as_child(*options, argc, argv);
        case Options::Mode::plain:
            return run_plainly(*options, argc, argv);
        case Options::Mode::isolated:
            return run_isolated(*options);
    }
    return 2;
}
