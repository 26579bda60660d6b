// SPDX-License-Identifier: LGPL-2.1-or-later
// The keeper's work (server/keeper.h says what for).
#pragma once

#include "ntalpc/ntbase.h"

namespace ntalpc::wine {

// Carries out the server's orders until it hangs up, or answers that there is a keeper already.
NTSTATUS keep_handles();

}  // namespace ntalpc::wine
