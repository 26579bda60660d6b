// SPDX-License-Identifier: LGPL-2.1-or-later
// What Wine tells about a handle of this process, in the words of the handle attribute.
#pragma once

#include <cstdint>

#include "ntalpc/ntbase.h"

namespace ntalpc::wine {

struct HandleFacts {
    std::uint32_t type = 0;  // ALPC_PORFLG_OBJECT_TYPE_*, 0 for what has no code
    std::uint32_t access = 0;
};

NTSTATUS query_handle(HANDLE handle, HandleFacts* facts);

// Whether children of this process get the handle.
NTSTATUS query_inheritance(HANDLE handle, bool* inherited);

// A handle to a process that lets its owner duplicate handles from it.
NTSTATUS open_process_for_duplication(std::uint64_t process_id, HANDLE* process);

}  // namespace ntalpc::wine
