// SPDX-License-Identifier: LGPL-2.1-or-later
// Looks at the program before Wine does, for the cases where Wine's own answer would not help: a 32-bit
// program without 32-bit Wine, and a directory.
#pragma once

#include <filesystem>
#include <string>

#include "overlay/result.h"
#include "overlay/wine_layout.h"

namespace ntalpc {

// `program` is what the user wrote: a Unix path or a DOS path. Whatever cannot be found, is not a PE file, or
// is unclear in any other way, is left to Wine.
Result<Done> check_program(const std::string& program, const std::filesystem::path& prefix,
                           const WineLayout& wine);

}  // namespace ntalpc
