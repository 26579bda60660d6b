// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/channel_pipes.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ntalpc::server {

namespace {

struct Pipe {
    UniqueFd reading, writing;
};

// In packets: what is written as one is read as one. Linux makes smaller ones for a user who has very many,
// which would not have room for what may be under way.
std::optional<Pipe> make_pipe(int flags) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_DIRECT | flags) != 0) return std::nullopt;
    Pipe made{UniqueFd(ends[0]), UniqueFd(ends[1])};
    constexpr int size = ChannelPipes::kSlots * static_cast<int>(wire::kMaxPiped);
    if (fcntl(ends[0], F_SETPIPE_SZ, size) < size) return std::nullopt;
    return made;
}

}  // namespace

std::optional<ChannelPipes> ChannelPipes::make(std::array<UniqueFd, 2>* client_ends) {
    auto requests = make_pipe(O_NONBLOCK), answers = make_pipe(0);
    if (!requests || !answers) return std::nullopt;
    if (fcntl(answers->writing.get(), F_SETFL, O_DIRECT | O_NONBLOCK) != 0) return std::nullopt;
    // Of a pipe that is made not to block, both ends do not.
    if (fcntl(requests->writing.get(), F_SETFL, O_DIRECT) != 0) return std::nullopt;
    *client_ends = {std::move(answers->reading), std::move(requests->writing)};
    return ChannelPipes(std::move(requests->reading), std::move(answers->writing));
}

ssize_t ChannelPipes::receive(std::span<std::byte> buffer) {
    return read(requests_.get(), buffer.data(), buffer.size());
}

ssize_t ChannelPipes::send(std::span<const wire::Bytes> pieces, std::size_t size) {
    std::array<std::byte, wire::kMaxPiped> packet;
    std::size_t used = 0;
    for (const wire::Bytes piece : pieces) {
        if (piece.empty()) continue;
        std::memcpy(packet.data() + used, piece.data(), piece.size());
        used += piece.size();
    }
    return write(answers_.get(), packet.data(), size);
}

ssize_t ChannelPipes::refer_to_socket() {
    const wire::PacketHeader header{.size = sizeof(header), .code = wire::kOnSocket};
    return write(answers_.get(), &header, sizeof(header));
}

}  // namespace ntalpc::server
