// SPDX-License-Identifier: LGPL-2.1-or-later
// The result of a run as JSON; doc/conformance-results.md describes the form.
#pragma once

#include <ctime>
#include <string>
#include <vector>

#include "conformance/harness/options.h"
#include "conformance/harness/system_facts.h"
#include "conformance/harness/test_run.h"

namespace ntalpc::conformance {

struct RunFacts {
    SystemFacts system;
    std::time_t started = 0;
    long long milliseconds = 0;
};

// False when the file cannot be written.
bool write_result(const Options& options, const RunFacts& run, const std::vector<TestResult>& results);

}  // namespace ntalpc::conformance
