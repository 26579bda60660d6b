// SPDX-License-Identifier: LGPL-2.1-or-later
// The few fields of the thread and process environment blocks that the host reads. Their places are part of
// the Windows ABI and the same in every version.
#pragma once

#include <cstddef>

#include "wine/imports.h"

namespace ntalpc::wine {

inline constexpr bool k64Bit = sizeof(void*) == 8;
inline constexpr std::size_t kTebClientId = k64Bit ? 0x40 : 0x20;
inline constexpr std::size_t kTebPeb = k64Bit ? 0x60 : 0x30;
inline constexpr std::size_t kTebLastStatusValue = k64Bit ? 0x1250 : 0xbf4;
inline constexpr std::size_t kPebSessionId = k64Bit ? 0x2c0 : 0x1d4;

template <typename Field>
Field& teb_field(std::size_t offset) {
    return *reinterpret_cast<Field*>(static_cast<unsigned char*>(current_teb()) + offset);
}

template <typename Field>
Field& peb_field(std::size_t offset) {
    return *reinterpret_cast<Field*>(teb_field<unsigned char*>(kTebPeb) + offset);
}

}  // namespace ntalpc::wine
