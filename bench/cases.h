// SPDX-License-Identifier: LGPL-2.1-or-later
// Each file of cases adds its own.
#pragma once

#include <vector>

#include "bench/result.h"

namespace ntalpc::bench {

void add_round_trip_cases(std::vector<Case>& cases);
void add_view_cases(std::vector<Case>& cases);
void add_event_pair_cases(std::vector<Case>& cases);
void add_crowd_cases(std::vector<Case>& cases);
void add_tracing_cases(std::vector<Case>& cases);
void add_startup_cases(std::vector<Case>& cases);

}  // namespace ntalpc::bench
