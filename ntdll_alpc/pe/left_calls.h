// SPDX-License-Identifier: LGPL-2.1-or-later
// The PE half's part in calls that are left while they wait (core/left_call.h).
#pragma once

#include "ntalpc/ntbase.h"

namespace ntalpc {

// Tells the unix half what a helper thread runs.
void share_helper();

// Gives the event to wait for while the calling thread has left a call. Every wait for it is followed by
// take_up_call().
NTSTATUS hint_event(HANDLE* event);

// Goes on with the call: as core::take_up_call().
NTSTATUS take_up_call(NTSTATUS outcome);

// Replacement (hooks.h) of NtTerminateThread: a process ends with the exit status of its last thread, which
// may be the helper that lingers a moment longer than the program's own. It repeats what the thread before it
// said.
NTSTATUS NTAPI terminate_and_note(HANDLE thread, NTSTATUS status);
// What that was.
ULONG helper_exit_status();

// Waits alertably until the left call is over and returns its result.
NTSTATUS wait_alertably();

}  // namespace ntalpc
