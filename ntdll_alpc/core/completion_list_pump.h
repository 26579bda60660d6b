// SPDX-License-Identifier: LGPL-2.1-or-later
// Completion lists of this process: registering them, and the pump, the thread behind each that plays the
// kernel's part. It takes messages from the server in batches and puts them into the list.
#pragma once

#include <cstdint>

#include "core/call_scope.h"

namespace ntalpc::core {

// Classes of NtAlpcSetInformation.
NTSTATUS register_completion_list(HANDLE port, PVOID information, ULONG length);
NTSTATUS unregister_completion_list(HANDLE port, ULONG length);
NTSTATUS run_down_completion_list(HANDLE port, ULONG length);
NTSTATUS adjust_concurrency_count(HANDLE port, PVOID information, ULONG length);

// What a receive has to know about the port's completion list.
struct ListLook {
    bool has_messages = false;
    std::uint64_t posts = 0;  // as list_posts of send_wait_receive
};
ListLook look_at_completion_list(const Channel& channel, std::uint64_t handle);

// The writer of the list at this place had asked for room, and there is some.
void completion_list_room(void* list);

}  // namespace ntalpc::core
