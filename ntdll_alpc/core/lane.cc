// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/lane.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "core/host.h"
#include "core/order_of_messages.h"

namespace ntalpc::core {

namespace {

constexpr std::size_t kOwnPieces = 2;  // the header and the fixed part

ssize_t write_packet(int pipe, const void* packet, std::size_t size) {
    ssize_t written;
    while ((written = write(pipe, packet, size)) < 0 && errno == EINTR) continue;
    return written;
}

bool is_reference(std::span<const std::byte> packet) {
    wire::PacketHeader header;
    if (packet.size() != sizeof(header)) return false;
    std::memcpy(&header, packet.data(), sizeof(header));
    return header.code == wire::kOnSocket;
}

}  // namespace

// Writing to a pipe that nobody reads any more ends a program by a signal, so this end is one that reads as
// well. The end of the server shows when its answer is read.
bool Lane::add_pipes(UniqueFd answers, UniqueFd requests) {
    const std::string path = "/proc/self/fd/" + std::to_string(requests.get());
    requests_.reset(open(path.c_str(), O_RDWR | O_CLOEXEC));
    answers_ = std::move(answers);
    return answers_ && requests_ && fcntl(requests_.get(), F_SETFL, O_DIRECT) == 0;
}

bool Lane::hung_up() const {
    char unused;
    return recv(socket_.get(), &unused, sizeof(unused), MSG_PEEK | MSG_DONTWAIT) == 0;
}

ssize_t Lane::send(std::span<const wire::Bytes> pieces, int descriptor) {
    order_before_send();
    if (!requests_) return send_packet(socket_.get(), pieces, descriptor);
    std::size_t size = 0;
    for (const wire::Bytes piece : pieces) size += piece.size();
    if (descriptor < 0 && size <= wire::kMaxPiped) return send_to_pipe(pieces);
    const ssize_t sent = send_packet(socket_.get(), pieces, descriptor);
    if (sent < 0) return sent;
    const wire::PacketHeader reference{.size = sizeof(reference), .code = wire::kOnSocket};
    return write_packet(requests_.get(), &reference, sizeof(reference));
}

// Put together first: a pipe keeps the part of a packet that was good.
ssize_t Lane::send_to_pipe(std::span<const wire::Bytes> pieces) {
    std::array<std::byte, wire::kMaxPiped> packet;
    std::size_t used = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (pieces[i].empty()) continue;
        if (i < kOwnPieces) {
            std::memcpy(packet.data() + used, pieces[i].data(), pieces[i].size());
        } else if (!host::copy_from_program(packet.data() + used, pieces[i].data(), pieces[i].size())) {
            errno = EFAULT;
            return -1;
        }
        used += pieces[i].size();
    }
    return write_packet(requests_.get(), packet.data(), used);
}

ssize_t Lane::receive(std::span<std::byte> buffer, std::span<UniqueFd> descriptors) {
    const ssize_t size = take(buffer, descriptors);
    order_after_receive();
    return size;
}

ssize_t Lane::take(std::span<std::byte> buffer, std::span<UniqueFd> descriptors) {
    if (!answers_) return receive_packet(socket_.get(), buffer, descriptors);
    ssize_t size;
    while ((size = read(answers_.get(), buffer.data(), buffer.size())) < 0 && errno == EINTR) continue;
    if (size < 0 || !is_reference(buffer.first(static_cast<std::size_t>(size)))) return size;
    return receive_packet(socket_.get(), buffer, descriptors);
}

}  // namespace ntalpc::core
