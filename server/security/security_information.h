// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading and changing the parts of a descriptor that SECURITY_INFORMATION names: MS-DTYP 2.4.7, and the
// access that each part needs.
#pragma once

#include <cstdint>

#include "server/security/access.h"
#include "server/security/security_descriptor.h"
#include "server/security/token.h"

namespace ntalpc::security {

namespace information {
inline constexpr std::uint32_t kOwner = 0x1;
inline constexpr std::uint32_t kGroup = 0x2;
inline constexpr std::uint32_t kDacl = 0x4;
inline constexpr std::uint32_t kSacl = 0x8;
inline constexpr std::uint32_t kLabel = 0x10;
inline constexpr std::uint32_t kUnprotectedSacl = 0x10000000;
inline constexpr std::uint32_t kUnprotectedDacl = 0x20000000;
inline constexpr std::uint32_t kProtectedSacl = 0x40000000;
inline constexpr std::uint32_t kProtectedDacl = 0x80000000;
}  // namespace information

std::uint32_t access_to_query(std::uint32_t information);
std::uint32_t access_to_set(std::uint32_t information);

// The parts asked for, and nothing else.
SecurityDescriptor query_descriptor(const SecurityDescriptor& descriptor, std::uint32_t information);

// Replaces parts of `descriptor` by those of `changes`. Nothing is changed on failure: STATUS_INVALID_OWNER,
// STATUS_INVALID_PRIMARY_GROUP, STATUS_PRIVILEGE_NOT_HELD, STATUS_INVALID_LABEL.
std::int32_t set_descriptor(SecurityDescriptor* descriptor, const SecurityDescriptor& changes,
                            std::uint32_t information, const Token& token, const GenericMapping& mapping);

}  // namespace ntalpc::security
