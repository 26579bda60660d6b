// SPDX-License-Identifier: LGPL-2.1-or-later
// What a run prints: a line per test and a summary, in our words or in those of Wine's tests.
#pragma once

#include <string>
#include <vector>

#include "conformance/harness/options.h"
#include "conformance/harness/system_facts.h"
#include "conformance/harness/test_run.h"

namespace ntalpc::conformance {

void report_test(const Options& options, const SystemFacts& system, const TestResult& result);
void report_end(const Options& options, const SystemFacts& system, const std::vector<TestResult>& results);

// Whether something happened that the exit status should tell.
bool is_bad(const TestResult& result);

}  // namespace ntalpc::conformance
