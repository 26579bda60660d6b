// SPDX-License-Identifier: LGPL-2.1-or-later
// Reaching the server: finding its socket, starting it when nobody has, and registering this process with it.
#pragma once

#include <cstdint>

#include "core/host.h"
#include "ntalpc/ntbase.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc::core {

struct Registration {
    std::uint64_t cookie_low = 0;
    std::uint64_t cookie_high = 0;
    std::uint32_t generation = 0;  // counts the servers this process has registered with; 0 is none
};

// Registers the process unless it is registered already with a server that is still there. Thread-safe.
NTSTATUS register_process(Registration* registration);

// Whether the server that the process has registered with last is there.
bool server_is_there();

// The state that the primary token was in when the process registered.
host::TokenStamp registered_token();

// A new connection to the server of this user and prefix.
NTSTATUS connect_to_server(UniqueFd* socket);

// In the child of a fork: the child is a process of its own.
void forget_registration();

}  // namespace ntalpc::core
