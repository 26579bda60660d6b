// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory that the server makes to be shared by processes that do not trust each other.
#pragma once

#include <cstdint>

#include "ntalpc/unique_fd.h"

namespace ntalpc::server {

// Whether who has the memory may add seals, such as the one against writing.
enum class MoreSeals { never, allowed };

// `size` bytes of zeros whose size is sealed, so that nobody who has them mapped can be made to fault. /proc
// shows the name. The caller owns the descriptor, which is for reading and writing; empty when memory or
// descriptors have run out.
UniqueFd make_sealed_memory(const char* name, std::uint64_t size, MoreSeals more = MoreSeals::never);

// A descriptor of its own for the same memory, by which it cannot be written to: a duplicate would have the
// rights of the original. The caller owns it; empty when descriptors have run out.
UniqueFd open_for_reading(const UniqueFd& memory);

}  // namespace ntalpc::server
