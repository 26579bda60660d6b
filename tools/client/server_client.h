// SPDX-License-Identifier: LGPL-2.1-or-later
// A client of the running server, for the tools that look at it: it asks and never starts a server of its
// own.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "generated/protocol.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc {

// What went wrong, as one sentence that says what to do.
class ServerError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

class ServerClient {
  public:
    // Registers with the server in `directory`. Throws ServerError.
    explicit ServerClient(const std::string& directory);

    // Throws ServerError. Variable data of the answer is good until the next call.
    template <class Type>
    typename Type::Reply call(typename Type::Request request = {},
                              const typename Type::RequestBlobs& blobs = {},
                              typename Type::ReplyBlobs* reply_blobs = nullptr) {
        return exchange<Type>(thread_.get(), request, blobs, reply_blobs);
    }

    // The status of a request whose answer has nothing else. Throws ServerError.
    template <class Type>
    std::int32_t try_call(typename Type::Request request) {
        const wire::PacketHeader header = send_and_receive<Type>(thread_.get(), request, {}).first;
        return header.status;
    }

  private:
    template <class Type>
    typename Type::Reply exchange(int socket, typename Type::Request& request,
                                  const typename Type::RequestBlobs& blobs,
                                  typename Type::ReplyBlobs* reply_blobs = nullptr) {
        const auto [header, body] = send_and_receive<Type>(socket, request, blobs);
        if (header.status < 0) throw ServerError(unexpected_answer(Type::name));
        typename Type::Reply reply;
        typename Type::ReplyBlobs unused;
        if (!wire::decode(body, Type::kReplyBlobs, reply, reply_blobs ? *reply_blobs : unused))
            throw ServerError(unexpected_answer(Type::name));
        return reply;
    }
    template <class Type>
    std::pair<wire::PacketHeader, wire::Bytes> send_and_receive(int socket, typename Type::Request& request,
                                                                const typename Type::RequestBlobs& blobs) {
        auto packet = wire::encode({.code = static_cast<std::uint16_t>(Type::code), .serial = ++serial_},
                                   request, blobs, Type::kRequestBlobs);
        packet.pieces[0] = std::as_bytes(std::span(&packet.header, 1));
        send(socket, packet.pieces);
        return receive(socket, Type::name);
    }
    void send(int socket, std::span<const wire::Bytes> pieces);
    std::pair<wire::PacketHeader, wire::Bytes> receive(int socket, const char* request);
    static std::string unexpected_answer(const char* request);

    std::array<std::byte, wire::kMaxPacket> buffer_;
    UniqueFd process_;  // while it is open, this process exists for the server
    UniqueFd thread_;
    std::uint32_t serial_ = 0;
};

}  // namespace ntalpc
