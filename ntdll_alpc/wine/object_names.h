// SPDX-License-Identifier: LGPL-2.1-or-later
// What Wine says of the object that a handle of the program stands for.
#pragma once

#include <string>

#include "ntalpc/ntbase.h"

namespace ntalpc::wine {

// As NtQueryObject names it: "Directory", "IoCompletion".
NTSTATUS object_type_name(HANDLE handle, std::u16string* name);
// Its path; empty for an object without a name.
NTSTATUS object_path(HANDLE handle, std::u16string* path);

}  // namespace ntalpc::wine
