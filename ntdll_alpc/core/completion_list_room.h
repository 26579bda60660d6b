// SPDX-License-Identifier: LGPL-2.1-or-later
// The one thing that freeing a message may have to say to the kernel's side.
#pragma once

namespace ntalpc::core {

// The writer of the list has asked for room and there is some now. Each half has its own way to it.
void room_freed(void* list);

}  // namespace ntalpc::core
