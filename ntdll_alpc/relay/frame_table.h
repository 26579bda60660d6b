// SPDX-License-Identifier: LGPL-2.1-or-later
// What both halves know of frames of libffi: a function table in the form of Windows.
#pragma once

#include <cstdint>

namespace ntalpc::relay {

// RUNTIME_FUNCTION: places of code and of its UNWIND_INFO, counted from `base` below.
struct RuntimeFunction {
    std::uint32_t begin, end, unwind_info;
};

struct FrameTable {
    RuntimeFunction functions[2];
    std::uint32_t count = 0;  // 0: the frames could not be found out
    std::uint64_t base = 0;
};

}  // namespace ntalpc::relay
