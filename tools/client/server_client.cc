// SPDX-License-Identifier: LGPL-2.1-or-later
#include "client/server_client.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "ntalpc/status.h"

namespace ntalpc {

namespace {

UniqueFd connect_to(const std::string& directory) {
    const std::string path = directory + "/socket";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path))
        throw ServerError(path + " is too long for a socket; set XDG_RUNTIME_DIR to a shorter path");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    UniqueFd made(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!made) throw ServerError(std::string("cannot make a socket: ") + std::strerror(errno));
    if (connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return made;
    if (errno == ENOENT || errno == ECONNREFUSED) {
        throw ServerError("no alpcserver is running for this Wine prefix (" + directory +
                          "); start a program with alpcrun, or set WINEPREFIX to the prefix you mean");
    }
    throw ServerError("cannot connect to " + path + ": " + std::strerror(errno));
}

}  // namespace

ServerClient::ServerClient(const std::string& directory) : process_(connect_to(directory)) {
    const std::string_view name = program_invocation_short_name;
    wire::RegisterProcess::Request process;
    process.protocol_hash = wire::kProtocolHash;
    process.process_id = static_cast<std::uint64_t>(getpid());
    const auto cookie = exchange<wire::RegisterProcess>(
        process_.get(), process, {.token = {}, .image_path = std::as_bytes(std::span(name))});
    thread_ = connect_to(directory);
    wire::RegisterThread::Request thread;
    thread.protocol_hash = wire::kProtocolHash;
    thread.cookie_low = cookie.cookie_low;
    thread.cookie_high = cookie.cookie_high;
    thread.thread_id = static_cast<std::uint64_t>(gettid());
    exchange<wire::RegisterThread>(thread_.get(), thread, {});
}

void ServerClient::send(int socket, std::span<const wire::Bytes> pieces) {
    std::array<iovec, 8> places;
    std::size_t used = 0;
    for (const wire::Bytes piece : pieces) {
        if (!piece.empty()) places[used++] = {const_cast<std::byte*>(piece.data()), piece.size()};
    }
    msghdr message{};
    message.msg_iov = places.data();
    message.msg_iovlen = used;
    while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
        if (errno != EINTR) throw ServerError("the server has hung up; try again");
    }
}

std::pair<wire::PacketHeader, wire::Bytes> ServerClient::receive(int socket, const char* request) {
    ssize_t size;
    while ((size = recv(socket, buffer_.data(), buffer_.size(), 0)) < 0 && errno == EINTR) continue;
    if (size <= 0) throw ServerError("the server has hung up; see the log beside its socket, and try again");
    wire::PacketHeader header;
    if (static_cast<std::size_t>(size) < sizeof(header)) throw ServerError(unexpected_answer(request));
    std::memcpy(&header, buffer_.data(), sizeof(header));
    if (header.status == STATUS_REVISION_MISMATCH) {
        throw ServerError(
            "the running alpcserver is of another version than this alpcctl; stop it with alpcserver -k");
    }
    if (header.serial != serial_) throw ServerError(unexpected_answer(request));
    if (header.status == STATUS_ACCESS_DENIED)
        throw ServerError("only the user of the server, and root, may look at others; ask them");
    return {header, wire::Bytes(buffer_).first(static_cast<std::size_t>(size)).subspan(sizeof(header))};
}

std::string ServerClient::unexpected_answer(const char* request) {
    return std::string("the server gave an unexpected answer to ") + request +
           "; see the log beside its socket";
}

}  // namespace ntalpc
