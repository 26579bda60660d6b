// SPDX-License-Identifier: LGPL-2.1-or-later
// Which wineserver the process belongs to.
#pragma once

#include <cstdint>

namespace ntalpc::wine {

// The same number in all processes of a prefix, and hardly the same in others; never 0.
std::uint64_t world();

}  // namespace ntalpc::wine
