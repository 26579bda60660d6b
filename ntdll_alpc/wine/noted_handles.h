// SPDX-License-Identifier: LGPL-2.1-or-later
// The PE half notes what it knows about handle values; new handles of ours are noted from here.
#pragma once

#include "core/handle_kind.h"

namespace ntalpc::wine {

// Says where the notes are; until then there are none.
void share_handle_kinds(HandleKindByte* kinds, std::size_t count);

// What is known; asking Wine is up to the caller.
HandleKind noted_kind(const void* handle);
void note_handle(const void* handle, HandleKind kind);

}  // namespace ntalpc::wine
