// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory for the PE half, which has no run-time library.
#pragma once

#include "ntalpc/ntbase.h"

namespace ntalpc {

// nullptr when there is none.
void* allocate_memory(SIZE_T size);
void free_memory(void* memory);

}  // namespace ntalpc
