// SPDX-License-Identifier: LGPL-2.1-or-later
// Copying from and to addresses that may be wrong.
#pragma once

#include <cstddef>

namespace ntalpc::native {

// False when a byte of either side cannot be accessed; a prefix may have been copied.
bool guarded_copy(void* to, const void* from, std::size_t size);

}  // namespace ntalpc::native
