// SPDX-License-Identifier: LGPL-2.1-or-later
// The structures that calls take, with their fields by name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ntalpc::relay {

// Shows what `address` points to. It is not NULL.
using Decoder = std::string (*)(std::uint64_t address);

// How to show what a pointer of this type points to, or nullptr for one whose target is not shown.
Decoder find_decoder(std::string_view pointer_type);

}  // namespace ntalpc::relay
