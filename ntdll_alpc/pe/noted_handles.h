// SPDX-License-Identifier: LGPL-2.1-or-later
// Which handles of the process are ours. Every wait asks, so the answer is noted per handle value.
#pragma once

#include "core/handle_kind.h"
#include "ntalpc/ntbase.h"

namespace ntalpc {

// Lets the unix half note new handles of ours.
void share_notes();

// The unix half is asked about a handle that nothing is noted of, such as an inherited one.
bool is_ours(HANDLE handle);

// To be called whenever the value may begin to stand for something else. True if the unix half is to hear of
// it.
bool forget_handle(HANDLE handle);

}  // namespace ntalpc
