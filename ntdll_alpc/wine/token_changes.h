// SPDX-License-Identifier: LGPL-2.1-or-later
// Counters that the PE half increases when the program changes a token or the one that a thread acts with.
#pragma once

#include "core/token_change_counters.h"

namespace ntalpc::wine {

void share_token_changes(TokenChangeCounter* counters);
// The calling thread acts with another token, by our own doing.
void note_own_token_change();

}  // namespace ntalpc::wine
