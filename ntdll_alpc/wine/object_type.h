// SPDX-License-Identifier: LGPL-2.1-or-later
// What kind of object a handle of the program stands for.
#pragma once

#include <string>

#include "ntalpc/ntbase.h"

namespace ntalpc::wine {

// As NtQueryObject names it: "Directory", "IoCompletion".
NTSTATUS object_type_name(HANDLE handle, std::u16string* name);

}  // namespace ntalpc::wine
