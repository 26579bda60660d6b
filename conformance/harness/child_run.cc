// SPDX-License-Identifier: LGPL-2.1-or-later
// The child's side of a run, see test_run.h: one test, whose failures and end become rows.
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>

#include "conformance/harness/json.h"
#include "conformance/harness/recorder.h"
#include "conformance/harness/test_run.h"
#include "conformance/harness/watchdog.h"

namespace ntalpc::conformance {

namespace {

class Scribe : public ::testing::EmptyTestEventListener {
  public:
    void OnTestPartResult(const ::testing::TestPartResult& part) override {
        const std::string text = part.message() ? part.message() : "";
        // Where the reason is given does not matter.
        const std::string reason = text.substr(0, text.find("\nGoogle Test trace:"));
        if (part.skipped()) record(RowKind::skipped, JsonObject().text("reason", reason).str());
        if (!part.failed()) return;
        std::string where = part.file_name() ? part.file_name() : "";
        where.erase(0, where.find_last_of("/\\") + 1);
        where += ":" + std::to_string(part.line_number());
        record(RowKind::failure, JsonObject().text("where", where).text("text", text).str());
    }

    void OnTestEnd(const ::testing::TestInfo& test) override {
        const ::testing::TestResult& result = *test.result();
        const char* outcome = result.Failed() ? "failed" : result.Skipped() ? "skipped" : "passed";
        record(RowKind::end, JsonObject().text("outcome", outcome).str());
    }
};

}  // namespace

int run_as_child(const Options& options, int argc, char** argv) {
    prepare_to_crash();
    if (!start_recording(options.record)) {
        std::fprintf(stderr, "alpc_conformance: cannot write %s; choose another --output\n",
                     options.record.c_str());
        return 1;
    }
    ::testing::InitGoogleTest(&argc, argv);
    auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(std::make_unique<Scribe>().release());
    listeners.Append(std::make_unique<Watchdog>(options.limit).release());
    return RUN_ALL_TESTS();
}

}  // namespace ntalpc::conformance
