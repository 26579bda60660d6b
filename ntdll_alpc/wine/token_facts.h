// SPDX-License-Identifier: LGPL-2.1-or-later
// What Wine tells of a token.
#pragma once

#include <cstddef>
#include <vector>

#include "core/host.h"
#include "ntalpc/ntbase.h"

namespace ntalpc::wine {

inline constexpr ACCESS_MASK kTokenDuplicate = 0x2;
inline constexpr ACCESS_MASK kTokenImpersonate = 0x4;
inline constexpr ACCESS_MASK kTokenQuery = 0x8;
inline constexpr ACCESS_MASK kTokenAdjustPrivileges = 0x20;

// The answer of NtQueryInformationToken; empty if there is none.
std::vector<std::byte> query_token(HANDLE token, ULONG information_class);

// security::encode of a token that grants kTokenQuery.
std::vector<std::byte> encoded_token(HANDLE token);
// Of the anonymous user, whose token nobody can open.
std::vector<std::byte> encoded_anonymous_token();

// All zero if the token cannot be asked.
host::TokenStamp stamp_of(HANDLE token);

}  // namespace ntalpc::wine
