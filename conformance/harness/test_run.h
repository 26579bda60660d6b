// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs tests one after the other, each in a child process, and gathers what the children wrote down.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "conformance/harness/child_process.h"
#include "conformance/harness/options.h"

namespace ntalpc::conformance {

struct TestResult {
    std::string test;  // "Suite.Name"
    std::string file;
    int line = 0;
    std::string outcome;  // passed, failed, skipped, not supported here, crashed, hung
    std::string reason;   // where there is no failure to tell it
    long long milliseconds = 0;
    std::vector<std::string> failures;      // JSON objects
    std::vector<std::string> observations;  // JSON objects
};

using Progress = std::function<void(const TestResult&)>;
std::vector<TestResult> run_tests(const Options& options, const Progress& progress);

// The rows of a child's file. Rows are sorted by thread; equal rows that follow each other become one.
void read_rows(const std::string& path, TestResult& result);
// What the test came to, from its rows and from how its process ended.
void decide_outcome(const ChildEnd& end, TestResult& result);

// What a child does instead: the one test, without any output.
int run_as_child(const Options& options, int argc, char** argv);

// How a child that has noticed the time limit itself exits.
constexpr int hung_exit_code = 98;

}  // namespace ntalpc::conformance
