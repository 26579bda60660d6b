// SPDX-License-Identifier: LGPL-2.1-or-later
// The views that came into being with a connection, by the handle of the port they belong to: they are
// unmapped when this process closes the port.
#pragma once

#include <cstdint>

#include "ntalpc/ntbase.h"

namespace ntalpc::core {

// In the child of a fork.
void forget_views_after_fork();

void remember_view(HANDLE port, void* base, std::uint64_t size);

// The program is about to close a handle, of whatever kind.
void handle_closes(HANDLE handle);

}  // namespace ntalpc::core
