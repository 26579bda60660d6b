// SPDX-License-Identifier: LGPL-2.1-or-later
// Calls that are left in the middle and taken up again.
//
// An alertable wait runs the program's queued procedures, and under Wine that is only possible in user mode:
// a wait in the unix half that ends for one jumps out of all frames above it. So a call that waits alertably
// sends its request, puts aside what remains to be done, and returns kCallLeft. The PE half then waits, and
// has the call taken up with what came of it. Meanwhile the thread may make other calls: they get a channel
// of their own.
#pragma once

#include "ntalpc/ntbase.h"

namespace ntalpc::core {

// The answer of a unix call that has been left. With the bit for private codes, so that no call means it.
inline constexpr NTSTATUS kCallLeft = 0x6A1C0001;

// The descriptor that becomes readable with the answer for this thread's innermost left call; -1 if there is
// none.
int left_call_answers();

// Takes up the innermost left call. `outcome` says how the wait ended: STATUS_SUCCESS when the answer should
// be there, otherwise the status that the call shall end with unless its answer is already on the way.
// kCallLeft when there is no answer yet after all.
NTSTATUS take_up_call(NTSTATUS outcome);

}  // namespace ntalpc::core
