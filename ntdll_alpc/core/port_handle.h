// SPDX-License-Identifier: LGPL-2.1-or-later
// From a program's handle to the server's number for the object behind it.
//
// The socket behind a handle has a number that the kernel never reuses. The server is shown the socket once;
// after that the number finds the answer in a cache, whatever handle value the socket goes by.
#pragma once

#include <cstdint>

#include "core/channel.h"
#include "core/host.h"
#include "core/server_handle.h"
#include "ntalpc/ntbase.h"

namespace ntalpc::core {

// STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH for handles to something else, STATUS_PORT_DISCONNECTED
// when the server that the handle belonged to is gone.
NTSTATUS resolve_handle(host::CallGuard& guard, Channel& channel, HANDLE handle, ServerHandle* resolved);

// A handle to the capability with this number (capability_cache.h) is being closed. If there are others, it
// is learnt anew.
void forget_capability(std::uint64_t cookie);

// In the child of a fork, which has no handles.
void forget_handles_after_fork();

// Installs the capability that came with an answer as a handle of the program and remembers what it stands
// for.
NTSTATUS install_handle(Channel& channel, UniqueFd capability, const ServerHandle& meaning,
                        std::uint32_t attributes, HANDLE* handle);

}  // namespace ntalpc::core
