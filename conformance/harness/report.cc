// SPDX-License-Identifier: LGPL-2.1-or-later
// Printing, see report.h.
#include "conformance/harness/report.h"

#include <cstdio>
#include <map>

#include "conformance/harness/test.h"

namespace ntalpc::conformance {

namespace {

bool is_uncertain(const TestResult& result) {
    return std::string(claim_of(result.test).confidence) == "low";
}

// Wine's words: what fails and is only believed is `todo` under Wine, where it is to be made right, and
// `broken` on Windows, where it is the test that must learn.
enum class WineWord { ok, failed, todo, broken, skipped };

WineWord wine_word(const SystemFacts& system, const TestResult& result) {
    if (result.outcome == "passed") return WineWord::ok;
    if (!is_bad(result)) return WineWord::skipped;
    if (!is_uncertain(result)) return WineWord::failed;
    return system.kind == "Windows" ? WineWord::broken : WineWord::todo;
}

void print_wine_line(const SystemFacts& system, const TestResult& result) {
    const char* format = nullptr;
    switch (wine_word(system, result)) {
        case WineWord::ok:
            format = "%s:%d: Test succeeded: %s%s%s\n";
            break;
        case WineWord::failed:
            format = "%s:%d: Test failed: %s%s%s\n";
            break;
        case WineWord::todo:
            format = "%s:%d: Test marked todo: %s%s%s\n";
            break;
        case WineWord::broken:
            format = "%s:%d: Test marked broken: %s%s%s\n";
            break;
        case WineWord::skipped:
            format = "%s:%d: Tests skipped: %s%s%s\n";
            break;
    }
    const bool has_reason = !result.reason.empty();
    std::printf(format, result.file.c_str(), result.line, result.test.c_str(), has_reason ? ": " : "",
                result.reason.c_str());
}

void print_wine_summary(const SystemFacts& system, const std::vector<TestResult>& results) {
    std::map<WineWord, int> counts;
    for (const TestResult& result : results) ++counts[wine_word(system, result)];
    const int executed = static_cast<int>(results.size()) - counts[WineWord::skipped];
    std::printf(
        "alpc: %d tests executed (%d marked as todo, %d marked as broken, %d failures), %d skipped.\n",
        executed, counts[WineWord::todo], counts[WineWord::broken], counts[WineWord::failed],
        counts[WineWord::skipped]);
}

void print_summary(const std::vector<TestResult>& results) {
    std::map<std::string, int> counts;
    for (const TestResult& result : results) ++counts[result.outcome];
    std::string text;
    for (const char* outcome : {"passed", "failed", "crashed", "hung", "skipped", "not supported here"})
        text += (text.empty() ? "" : ", ") + std::to_string(counts[outcome]) + " " + outcome;
    std::printf("%s\n", text.c_str());
}

}  // namespace

bool is_bad(const TestResult& result) {
    return result.outcome == "failed" || result.outcome == "crashed" || result.outcome == "hung";
}

void report_test(const Options& options, const SystemFacts& system, const TestResult& result) {
    if (options.format == Options::Format::wine) {
        print_wine_line(system, result);
    } else {
        const bool has_reason = !result.reason.empty();
        std::printf("%-18s %s (%s, %s)%s%s\n", result.outcome.c_str(), result.test.c_str(),
                    claim_of(result.test).id, claim_of(result.test).confidence, has_reason ? ": " : "",
                    result.reason.c_str());
        for (const std::string& failure : result.failures) std::printf("    %s\n", failure.c_str());
    }
    std::fflush(stdout);
}

void report_end(const Options& options, const SystemFacts& system, const std::vector<TestResult>& results) {
    if (options.format == Options::Format::wine) {
        print_wine_summary(system, results);
    } else {
        print_summary(results);
    }
    std::fflush(stdout);
}

}  // namespace ntalpc::conformance
