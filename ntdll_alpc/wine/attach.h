// SPDX-License-Identifier: LGPL-2.1-or-later
// The first call of the PE half.
#pragma once

#include "ntalpc/ntbase.h"

namespace ntalpc::wine {

// Unix call: `arguments` is AttachParams. STATUS_REVISION_MISMATCH when the halves are from different builds.
NTSTATUS attach(void* arguments);

}  // namespace ntalpc::wine
