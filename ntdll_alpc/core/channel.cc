// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel.h"

#include <pthread.h>

#include <cerrno>
#include <cstring>

#include "core/packet_socket.h"
#include "core/server_process.h"
#include "ntalpc/status.h"

namespace ntalpc::core {

namespace {

// Thread-specific data rather than thread_local: its destructor also runs for threads that Wine terminates.
pthread_key_t key() {
    static const pthread_key_t made = [] {
        pthread_key_t fresh;
        if (pthread_key_create(&fresh, [](void* channel) { delete static_cast<Channel*>(channel); }) != 0)
            std::abort();
        return fresh;
    }();
    return made;
}

}  // namespace

Channel* Channel::current(NTSTATUS* status) {
    auto* channel = static_cast<Channel*>(pthread_getspecific(key()));
    if (!channel) {
        channel = new Channel;
        pthread_setspecific(key(), channel);
    }
    *status = channel->socket_ ? STATUS_SUCCESS : channel->open();
    return *status == STATUS_SUCCESS ? channel : nullptr;
}

void Channel::forget_after_fork() {
    forget_registration();
    delete static_cast<Channel*>(pthread_getspecific(key()));
    pthread_setspecific(key(), nullptr);
}

// The server may end between any two of these steps; then the next one is asked, a few times at most.
NTSTATUS Channel::open() {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<std::byte[]>(wire::kMaxPacket);
    const host::ThreadFacts facts = host::thread_facts();
    constexpr int attempts = 4;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        Registration registration;
        if (const NTSTATUS status = register_process(&registration); status != STATUS_SUCCESS) return status;
        UniqueFd socket;
        if (const NTSTATUS status = connect_to_server(&socket); status != STATUS_SUCCESS) return status;
        wire::RegisterThread::Request request;
        request.protocol_hash = wire::kProtocolHash;
        request.cookie_low = registration.cookie_low;
        request.cookie_high = registration.cookie_high;
        request.thread_id = facts.thread_id;
        request.creation_time = facts.creation_time;
        auto packet = wire::encode({.code = static_cast<std::uint16_t>(wire::RegisterThread::code)}, request,
                                   {}, wire::RegisterThread::kRequestBlobs);
        packet.pieces[0] = std::as_bytes(std::span(&packet.header, 1));
        if (send_packet(socket.get(), packet.pieces, -1) < 0) continue;
        wire::PacketHeader answer;
        if (receive_packet(socket.get(), std::as_writable_bytes(std::span(&answer, 1)), nullptr) !=
            sizeof(answer))
            continue;
        if (answer.status != STATUS_SUCCESS) return answer.status;
        socket_ = std::move(socket);
        generation_ = registration.generation;
        return STATUS_SUCCESS;
    }
    host::log(host::LogLevel::error, "alpcserver does not accept this thread; see the log beside its socket");
    return STATUS_PORT_DISCONNECTED;
}

NTSTATUS Channel::broken() {
    socket_.reset();
    return STATUS_PORT_DISCONNECTED;
}

NTSTATUS Channel::exchange(host::CallGuard& guard, Blocking blocking, std::span<const wire::Bytes> pieces,
                           int sent_descriptor, wire::Bytes* body, UniqueFd* descriptor) {
    if (send_packet(socket_.get(), pieces, sent_descriptor) < 0) {
        switch (errno) {
            case EFAULT:
                return STATUS_ACCESS_VIOLATION;
            case EMSGSIZE:
                return STATUS_INVALID_PARAMETER;
            case ENOMEM:
            case ENOBUFS:
                return STATUS_NO_MEMORY;
            default:
                return broken();
        }
    }
    if (blocking == Blocking::yes) guard.wait_readable(socket_.get());
    return receive(body, descriptor);
}

NTSTATUS Channel::receive(wire::Bytes* body, UniqueFd* descriptor) {
    const ssize_t size =
        receive_packet(socket_.get(), std::span(buffer_.get(), wire::kMaxPacket), descriptor);
    wire::PacketHeader header;
    if (size < static_cast<ssize_t>(sizeof(header))) return broken();
    std::memcpy(&header, buffer_.get(), sizeof(header));
    if (header.serial != serial_ || header.size != static_cast<std::size_t>(size)) return broken();
    *body = wire::Bytes(buffer_.get() + sizeof(header), static_cast<std::size_t>(size) - sizeof(header));
    return header.status;
}

}  // namespace ntalpc::core
