// SPDX-License-Identifier: LGPL-2.1-or-later
// libffi's code for the Microsoft convention has no unwind information on Unix. So an exception that is
// thrown through a closure, as an APC of a program may do during an alertable wait, would not find its
// handler. Here the two places where that code has a frame are measured in a trial call, and described as
// Windows code is.
#pragma once

#include "relay/frame_table.h"

namespace ntalpc::relay {

// Made once, and good as long as the process. Empty where the trial does not show what it must: then
// exceptions stop at closures, and nothing else is wrong.
const FrameTable& frame_table();

}  // namespace ntalpc::relay
