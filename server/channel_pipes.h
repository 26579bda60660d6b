// SPDX-License-Identifier: LGPL-2.1-or-later
// The server's ends of the two pipes of a channel (wire.h). We make them, because the ends that a client gets
// must not share their flags with ours: one that blocks us would be a way to stop the server.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "ntalpc/unique_fd.h"
#include "ntalpc/wire.h"

namespace ntalpc::server {

class ChannelPipes {
  public:
    // How many packets one can hold. A thread has one request outstanding, and an answer is preceded by
    // orders at most.
    static constexpr int kSlots = 8;

    // Nothing when there are no resources for them. `client_ends` are in the order of the answer to
    // register_thread.
    static std::optional<ChannelPipes> make(std::array<UniqueFd, 2>* client_ends);

    // Becomes readable with each request.
    int requests() const { return requests_.get(); }
    // The size of the next packet, which is in `buffer`; 0 at the end, negative when there is none.
    ssize_t receive(std::span<std::byte> buffer);
    // What write() returns; `size` is that of the pieces and at most kMaxPiped.
    ssize_t send(std::span<const wire::Bytes> pieces, std::size_t size);
    // Says that the next packet is on the socket.
    ssize_t refer_to_socket();

  private:
    ChannelPipes(UniqueFd requests, UniqueFd answers)
        : requests_(std::move(requests)), answers_(std::move(answers)) {}

    UniqueFd requests_;
    UniqueFd answers_;
};

}  // namespace ntalpc::server
