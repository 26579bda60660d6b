// SPDX-License-Identifier: LGPL-2.1-or-later
// The results for people and for programs.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bench/result.h"

namespace ntalpc::bench {

using CaseResult = std::pair<Case, Result>;

void print_heading();
void print_result(const Case& which, const Result& result);
// How many targets were met, and how many were looked at.
void print_sum(const std::vector<CaseResult>& results);

// Fails when the file cannot be written.
void write_json(const std::string& path, const std::vector<CaseResult>& results, const Settings& settings);

}  // namespace ntalpc::bench
