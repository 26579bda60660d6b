// SPDX-License-Identifier: LGPL-2.1-or-later
// Sending and receiving packets with at most one descriptor.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>

#include "ntalpc/unique_fd.h"
#include "ntalpc/wire.h"

namespace ntalpc::core {

// Both return what sendmsg() and recvmsg() return, retried after signals, with errno set.
ssize_t send_packet(int socket, std::span<const wire::Bytes> pieces, int descriptor);
ssize_t receive_packet(int socket, std::span<std::byte> buffer, UniqueFd* descriptor);

}  // namespace ntalpc::core
