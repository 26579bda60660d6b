// SPDX-License-Identifier: LGPL-2.1-or-later
// The page through which the harness tells failing_allocations.so, which is loaded into every process of a
// run, whose allocation is to fail.
#pragma once

#include <atomic>
#include <cstdint>

namespace ntalpc::faults {

// Names the file with the page.
inline constexpr const char* kControlVariable = "NTALPC_FAULT_CONTROL";

struct AllocationControl {
    std::atomic<std::int32_t> process;   // 0: nobody's
    std::atomic<std::uint32_t> number;   // of the allocation that fails, from 1
    std::atomic<std::uint32_t> counted;  // how many there have been
};

}  // namespace ntalpc::faults
