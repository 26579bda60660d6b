// SPDX-License-Identifier: LGPL-2.1-or-later
// Events of native processes: eventfds with a handle.
#pragma once

namespace ntalpc::native {

bool is_event(int fd);

// In the child of a fork: what its parent waits for is not ours, and the parent's helper does not exist here.
void forget_direct_events();

}  // namespace ntalpc::native
