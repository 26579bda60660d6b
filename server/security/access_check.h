// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether a token may do something with an object: MS-DTYP 2.5.3.2 and 2.5.3.3.
//
// What is decided here although the documentation leaves it open:
//  - Nothing asked for is nothing granted: STATUS_ACCESS_DENIED, as when MAXIMUM_ALLOWED finds nothing,
//  unless there is
//    no DACL.
//  - Callers have no list of object types. Entries that carry one do not count (MS-ADTS 5.1.3.3.2).
//  - Conditions are not evaluated: they are UNKNOWN, which grants nothing and denies (MS-DTYP 2.4.4.17.3).
//  Callback
//    entries that are no conditions, and all callback object entries, do not count.
//  - The second opinion on restricted tokens and AppContainers is that of the same algorithm with their own
//  SIDs.
#pragma once

#include <cstdint>

#include "server/security/access.h"
#include "server/security/security_descriptor.h"
#include "server/security/token.h"

namespace ntalpc::security {

struct AccessDecision {
    std::int32_t status;    // STATUS_SUCCESS, STATUS_ACCESS_DENIED or STATUS_PRIVILEGE_NOT_HELD
    std::uint32_t granted;  // 0 unless the status is STATUS_SUCCESS
};

// `desired` may hold generic rights.
AccessDecision check_access(const SecurityDescriptor& descriptor, const Token& token,
                            const GenericMapping& mapping, std::uint32_t desired);

// What the integrity of the token leaves of all rights.
std::uint32_t allowed_by_integrity(const SecurityDescriptor& descriptor, const Token& token,
                                   const GenericMapping& mapping);

}  // namespace ntalpc::security
