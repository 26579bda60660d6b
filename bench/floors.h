// SPDX-License-Identifier: LGPL-2.1-or-later
// What the system under the calls can do at best: no implementation of them is faster than these.
#pragma once

#include "bench/contestant.h"

namespace ntalpc::bench {

// Each takes `size` bytes each way. Which there are depends on the world; `hot` asks for those that never
// sleep too.
std::vector<Entrant> round_trip_floors(std::size_t size, const Placement& placement, bool hot);
std::vector<Entrant> pipeline_floors(std::size_t size);
std::vector<Entrant> stream_floors(std::size_t size);
// One futex call and one exchange for each set and each wait, between two processes. None under Wine.
std::vector<Entrant> futex_floor();
// Two cores that look at a shared line without pause; never on one core. None under Wine.
std::vector<Entrant> spin_floor();
// Copies so many bytes so many times.
Entrant memcpy_floor(std::size_t size, int copies);

}  // namespace ntalpc::bench
