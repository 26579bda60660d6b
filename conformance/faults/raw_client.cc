// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/faults/raw_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "core/packet_socket.h"

namespace ntalpc::faults {

namespace {

constexpr int kLimitMilliseconds = 10000;

UniqueFd connect_to(const std::string& directory) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (directory + "/socket").copy(address.sun_path, sizeof(address.sun_path) - 1);
    UniqueFd made(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    int connected = -1;
    while ((connected = connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address))) !=
               0 &&
           errno == EINTR)
        continue;
    if (connected != 0)
        throw std::runtime_error(std::string("a hostile client cannot connect: ") + std::strerror(errno));
    return made;
}

// The answer to a registration, with the descriptors that come with it.
template <class Type>
typename Type::Reply register_on(int socket, const typename Type::Request& request,
                                 std::span<UniqueFd> received = {}) {
    auto fixed = request;
    auto packet = wire::encode({.code = static_cast<std::uint16_t>(Type::code), .serial = 1}, fixed, {},
                               Type::kRequestBlobs);
    packet.pieces[0] = std::as_bytes(std::span(&packet.header, 1));
    if (core::send_packet(socket, packet.pieces, -1) < 0)
        throw std::runtime_error("a hostile client cannot register");
    struct {
        wire::PacketHeader header;
        typename Type::Reply body;
    } answer;
    const ssize_t size =
        core::receive_packet(socket, std::as_writable_bytes(std::span(&answer, 1)), received);
    if (size < static_cast<ssize_t>(sizeof(answer)) || answer.header.status != 0)
        throw std::runtime_error("a hostile client is not registered");
    return answer.body;
}

}  // namespace

RawClient::RawClient(const std::string& server_directory, Way way) : process_(connect_to(server_directory)) {
    wire::RegisterProcess::Request process;
    process.protocol_hash = wire::kProtocolHash;
    process.process_id = static_cast<std::uint64_t>(getpid());
    const auto cookie = register_on<wire::RegisterProcess>(process_.get(), process);
    thread_ = connect_to(server_directory);
    wire::RegisterThread::Request thread;
    thread.protocol_hash = wire::kProtocolHash;
    thread.cookie_low = cookie.cookie_low;
    thread.cookie_high = cookie.cookie_high;
    thread.thread_id = 1;
    thread.wants_pipes = way == Way::pipe;
    std::array<UniqueFd, 2> pipes;
    register_on<wire::RegisterThread>(thread_.get(), thread, pipes);
    answers_ = std::move(pipes[0]);
    requests_ = std::move(pipes[1]);
}

void RawClient::send(wire::Bytes packet, std::span<const int> descriptors) {
    if (!requests_) return send_to_socket(packet, descriptors);
    if (descriptors.empty() && packet.size() <= wire::kMaxPiped) {
        [[maybe_unused]] const ssize_t written = write(requests_.get(), packet.data(), packet.size());
        return;
    }
    send_to_socket(packet, descriptors);
    refer_to_socket();
}

void RawClient::refer_to_socket() {
    const wire::PacketHeader reference{.size = sizeof(reference), .code = wire::kOnSocket};
    [[maybe_unused]] const ssize_t written = write(requests_.get(), &reference, sizeof(reference));
}

void RawClient::send_to_socket(wire::Bytes packet, std::span<const int> descriptors) {
    iovec place = {const_cast<std::byte*>(packet.data()), packet.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(16 * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &place;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* const part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
    }
    sendmsg(thread_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void RawClient::await_answer() {
    std::array<pollfd, 2> ready = {{{thread_.get(), POLLIN, 0}, {answers_.get(), POLLIN, 0}}};
    int count;
    while ((count = poll(ready.data(), ready.size(), kLimitMilliseconds)) < 0 && errno == EINTR) continue;
    if (count == 0) throw std::runtime_error("a hostile client gets no answer");
}

}  // namespace ntalpc::faults
