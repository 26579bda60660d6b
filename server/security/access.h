// SPDX-License-Identifier: LGPL-2.1-or-later
// Access masks: MS-DTYP 2.4.3.
#pragma once

#include <cstdint>

namespace ntalpc::security {

namespace access {
inline constexpr std::uint32_t kDelete = 0x00010000;
inline constexpr std::uint32_t kReadControl = 0x00020000;
inline constexpr std::uint32_t kWriteDac = 0x00040000;
inline constexpr std::uint32_t kWriteOwner = 0x00080000;
inline constexpr std::uint32_t kSynchronize = 0x00100000;
inline constexpr std::uint32_t kSystemSecurity = 0x01000000;
inline constexpr std::uint32_t kMaximumAllowed = 0x02000000;
inline constexpr std::uint32_t kGenericAll = 0x10000000;
inline constexpr std::uint32_t kGenericExecute = 0x20000000;
inline constexpr std::uint32_t kGenericWrite = 0x40000000;
inline constexpr std::uint32_t kGenericRead = 0x80000000;
inline constexpr std::uint32_t kGeneric = 0xF0000000;
}  // namespace access

struct GenericMapping {
    std::uint32_t read, write, execute, all;
};

// Replaces the generic rights by what they mean for a type of objects.
constexpr std::uint32_t map_generic(std::uint32_t mask, const GenericMapping& mapping) {
    std::uint32_t mapped = mask & ~access::kGeneric;
    if (mask & access::kGenericRead) mapped |= mapping.read;
    if (mask & access::kGenericWrite) mapped |= mapping.write;
    if (mask & access::kGenericExecute) mapped |= mapping.execute;
    if (mask & access::kGenericAll) mapped |= mapping.all;
    return mapped;
}

}  // namespace ntalpc::security
