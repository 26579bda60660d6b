// SPDX-License-Identifier: LGPL-2.1-or-later
// Sending packets with at most one descriptor, receiving them with a few.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>

#include "ntalpc/unique_fd.h"
#include "ntalpc/wire.h"

namespace ntalpc::core {

// Both return what sendmsg() and recvmsg() return, retried after signals, with errno set.
ssize_t send_packet(int socket, std::span<const wire::Bytes> pieces, int descriptor);
// Received descriptors that find no room in `descriptors` are closed.
ssize_t receive_packet(int socket, std::span<std::byte> buffer, std::span<UniqueFd> descriptors);

}  // namespace ntalpc::core
