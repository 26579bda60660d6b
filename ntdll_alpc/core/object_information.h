// SPDX-License-Identifier: LGPL-2.1-or-later
// What NtQueryObject tells about our objects.
#pragma once

#include "ntalpc/ntbase.h"

namespace ntalpc::core {

// The classes that can be answered here, by their NT numbers.
enum class ObjectInformation : ULONG { basic = 0, name = 1, type = 2 };

// As NtQueryObject. STATUS_OBJECT_TYPE_MISMATCH for a handle that is none of ours, STATUS_INVALID_INFO_CLASS
// for another class.
NTSTATUS query_object(HANDLE handle, ULONG information_class, void* buffer, ULONG length,
                      ULONG* return_length);

}  // namespace ntalpc::core
