// SPDX-License-Identifier: LGPL-2.1-or-later
// Security descriptors of programs: reading them, and the calls about those of our objects.
#pragma once

#include <cstddef>
#include <vector>

#include "ntalpc/ntbase.h"

namespace ntalpc::core {

// The self-relative form of a descriptor in program memory, which may be absolute. STATUS_ACCESS_VIOLATION,
// STATUS_DATATYPE_MISALIGNMENT, STATUS_UNKNOWN_REVISION, STATUS_INVALID_SID, STATUS_INVALID_ACL, and
// STATUS_INVALID_SECURITY_DESCR for one that is longer than any may be.
NTSTATUS capture_security_descriptor(const void* descriptor, std::vector<std::byte>* captured);

// As NtQuerySecurityObject and NtSetSecurityObject. STATUS_OBJECT_TYPE_MISMATCH for a handle that is none of
// ours.
NTSTATUS query_security(HANDLE handle, ULONG information, void* descriptor, ULONG length, ULONG* needed);
NTSTATUS set_security(HANDLE handle, ULONG information, const void* descriptor);

}  // namespace ntalpc::core
