// SPDX-License-Identifier: LGPL-2.1-or-later
// What the core needs from its host to pass objects to other processes.
//
// Within one Wine, objects go as handles that a keeper process duplicates: it is the very same object that
// arrives, whatever its type. Everywhere else a descriptor goes, if there is one.
#pragma once

#include <cstdint>

#include "core/host.h"

namespace ntalpc::host {

// An object as it is passed: ALPC_HANDLEFLG_* of the sender, its type (a code, kPassedPort, or 0 where the
// sender leaves it open), the access that the receiver gets, and the OBJ_* bits of its handle.
struct PassedFacts {
    std::uint32_t flags = 0;
    std::uint32_t type = 0;
    std::uint32_t access = 0;
    std::uint32_t attributes = 0;
};

bool passes_by_value();

// What a keeper can duplicate: a handle that means the same to it. `made` is set when the caller must close
// it afterwards, whatever the status.
NtStatus handle_to_keep(NtHandle handle, PassedFacts* facts, NtHandle* kept, bool* made);
// Starts a keeper, which will announce itself to the server.
NtStatus start_keeper();
// Duplicates what a keeper holds.
NtStatus take_kept_handle(std::uint64_t process_id, std::uint64_t serial, std::uint64_t value,
                          const PassedFacts& facts, NtHandle* handle);

// The descriptor of an object, with the access asked for. STATUS_NOT_SUPPORTED for what has none.
NtStatus object_descriptor(NtHandle handle, PassedFacts* facts, UniqueFd* descriptor);
// Makes a handle of a descriptor that was passed.
NtStatus take_descriptor(UniqueFd descriptor, const PassedFacts& facts, NtHandle* handle);

}  // namespace ntalpc::host
