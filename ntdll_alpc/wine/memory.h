// SPDX-License-Identifier: LGPL-2.1-or-later
// The two ways of copying from and to memory of the program; host.h offers whichever the running Wine allows.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ntalpc::wine {

bool can_copy_catching_faults();
bool copy_catching_faults(void* to, const void* from, std::size_t size);

bool exchange_catching_faults(std::uint64_t* word, std::uint64_t* expected, std::uint64_t desired);

bool read_by_system_call(void* to, const void* program_memory, std::size_t size);
bool write_by_system_call(void* program_memory, const void* from, std::size_t size);

}  // namespace ntalpc::wine
