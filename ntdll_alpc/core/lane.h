// SPDX-License-Identifier: LGPL-2.1-or-later
// A thread's way to the server and back: a socket, and beside it two pipes if the server has given some
// (wire.h).
#pragma once

#include <span>

#include "core/packet_socket.h"

namespace ntalpc::core {

class Lane {
  public:
    Lane() = default;
    explicit Lane(UniqueFd socket) : socket_(std::move(socket)) {}
    // False when the pipes cannot be used.
    bool add_pipes(UniqueFd answers, UniqueFd requests);
    explicit operator bool() const { return static_cast<bool>(socket_); }

    // What becomes readable with an answer, and when the server has gone.
    int answers() const { return answers_ ? answers_.get() : socket_.get(); }

    // Whether the server has gone, as far as can be seen now.
    bool hung_up() const;

    // The first two pieces are ours, the others may be program memory. Both return what sendmsg() and
    // recvmsg() return, with errno set.
    ssize_t send(std::span<const wire::Bytes> pieces, int descriptor);
    ssize_t receive(std::span<std::byte> buffer, std::span<UniqueFd> descriptors);

  private:
    ssize_t send_to_pipe(std::span<const wire::Bytes> pieces);
    ssize_t take(std::span<std::byte> buffer, std::span<UniqueFd> descriptors);

    UniqueFd socket_;
    UniqueFd answers_;
    UniqueFd requests_;
};

}  // namespace ntalpc::core
