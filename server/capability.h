// SPDX-License-Identifier: LGPL-2.1-or-later
// Recognising sockets.
#pragma once

#include <cstdint>

#include "ntalpc/unique_fd.h"

namespace ntalpc::server {

// The kernel's own never-reused number of a socket; 0 for a descriptor that is not one.
std::uint64_t socket_cookie(int fd);

// Two connected sockets. False when the process or the system has run out of descriptors.
bool make_socket_pair(UniqueFd* one, UniqueFd* other);

}  // namespace ntalpc::server
