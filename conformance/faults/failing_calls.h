// SPDX-License-Identifier: LGPL-2.1-or-later
// System calls that may fail because there is too little of something, and how to make one fail in a followed
// process.
#pragma once

#include <sys/types.h>

namespace ntalpc::faults {

// For a thread that has stopped at a system call: the error to which the call comes when there is no memory
// or no descriptor left; 0 at its end, and before a call that makes neither.
int possible_error(pid_t thread);

// Before the call: it does nothing...
void skip_call(pid_t thread);
// ...and, when the thread stops again, has come to this error.
void fail_call(pid_t thread, int error);

}  // namespace ntalpc::faults
