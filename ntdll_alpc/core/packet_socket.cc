// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/packet_socket.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ntalpc::core {

namespace {

constexpr std::size_t kControlSize = CMSG_SPACE(sizeof(int));

}  // namespace

ssize_t send_packet(int socket, std::span<const wire::Bytes> pieces, int descriptor) {
    std::array<iovec, 8> places;
    std::size_t used = 0;
    for (const wire::Bytes piece : pieces) {
        if (!piece.empty()) places[used++] = {const_cast<std::byte*>(piece.data()), piece.size()};
    }
    alignas(cmsghdr) std::array<char, kControlSize> control{};
    msghdr message{};
    message.msg_iov = places.data();
    message.msg_iovlen = used;
    if (descriptor >= 0) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* const part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(part), &descriptor, sizeof(descriptor));
    }
    ssize_t sent;
    while ((sent = sendmsg(socket, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR) continue;
    return sent;
}

ssize_t receive_packet(int socket, std::span<std::byte> buffer, std::span<UniqueFd> descriptors) {
    iovec place{buffer.data(), buffer.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(wire::kMaxDescriptors * sizeof(int))> control;
    msghdr message{};
    message.msg_iov = &place;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t size;
    while ((size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) continue;
    if (size < 0) return size;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
            UniqueFd owner(fd);
            if (i < descriptors.size()) descriptors[i] = std::move(owner);
        }
    }
    return size;
}

}  // namespace ntalpc::core
