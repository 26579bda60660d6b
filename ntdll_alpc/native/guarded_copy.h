// SPDX-License-Identifier: LGPL-2.1-or-later
// Copying from and to addresses that may be wrong.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ntalpc::native {

// False when a byte of either side cannot be accessed; a prefix may have been copied.
bool guarded_copy(void* to, const void* from, std::size_t size);

// Writes to one byte of each page of the memory what stands there. False when one cannot be accessed. At
// least one byte; the range does not wrap.
bool guarded_probe(void* memory, std::size_t size);

// An atomic compare-and-swap of an aligned word, whose content before is left in `expected`. False when the
// word cannot be accessed.
bool guarded_exchange(std::uint64_t* word, std::uint64_t* expected, std::uint64_t desired);

}  // namespace ntalpc::native
