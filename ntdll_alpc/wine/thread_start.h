// SPDX-License-Identifier: LGPL-2.1-or-later
// Where threads of our own begin.
#pragma once

namespace ntalpc::wine {

// The PE half's function that a new thread begins with; it calls run_thread() with its argument.
void share_thread_start(void* start);
void run_thread(void* argument);

}  // namespace ntalpc::wine
