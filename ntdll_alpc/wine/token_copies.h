// SPDX-License-Identifier: LGPL-2.1-or-later
// Copies of tokens.
#pragma once

#include "ntalpc/ntbase.h"

namespace ntalpc::wine {

NTSTATUS nt_open_thread_token(HANDLE thread, ACCESS_MASK access, BOOLEAN as_self, HANDLE* token);

// The level of an impersonation token; Delegation of a primary one, which allows everything.
SECURITY_IMPERSONATION_LEVEL level_of(HANDLE token);

// An impersonation token like the given one, which must grant kTokenDuplicate.
NTSTATUS duplicate_token(HANDLE token, ACCESS_MASK access, SECURITY_IMPERSONATION_LEVEL level, HANDLE* copy);

// Takes from a token, which must grant kTokenQuery and kTokenAdjustPrivileges, what is not enabled in it.
// Wine does not do so when it duplicates. It cannot disable groups, so there is nothing to be done about
// those.
NTSTATUS keep_effective_only(HANDLE token);

}  // namespace ntalpc::wine
