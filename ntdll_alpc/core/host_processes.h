// SPDX-License-Identifier: LGPL-2.1-or-later
// What the core needs from its host to turn ids into handles and back.
#pragma once

#include <cstdint>

#include "core/host.h"

namespace ntalpc::host {

// Opens a process or thread by the ids that ClientId holds; a native host uses the Linux process instead.
// Statuses are those of NtOpenProcess and NtOpenThread.
NtStatus open_process(std::uint64_t process_id, std::uint32_t unix_process, std::uint32_t access,
                      std::uint32_t attributes, NtHandle* handle);
NtStatus open_thread(std::uint64_t process_id, std::uint64_t thread_id, std::uint32_t access,
                     std::uint32_t attributes, NtHandle* handle);

// The ids of the thread behind a handle of the program.
NtStatus thread_ids(NtHandle thread, std::uint64_t* process_id, std::uint64_t* thread_id);

// Whether the program's token holds a privilege, enabled.
bool has_privilege(std::uint32_t luid);

}  // namespace ntalpc::host
