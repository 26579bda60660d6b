// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/channel.h"
#include <poll.h>
#include <pthread.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <new>
#include <set>
#include <vector>
#include "core/event_pair_memory.h"
#include "core/immortal.h"
#include "core/leases.h"
#include "core/left_call.h"
#include "core/message_views.h"
#include "core/packet_socket.h"
#include "core/port_handle.h"
#include "core/port_views.h"
#include "core/server_process.h"
#include "ntalpc/status.h"

namespace ntalpc::core {

namespace {

// Not an answer but an order: no status of the server has this value.
constexpr NTSTATUS kOrder = 0x20000001;

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

// All channels of the process, whose sockets a child of a fork has to close: those of other threads have
// nobody else to do it, and their hang-ups would be missed as long as the child lives.
struct AllChannels {
    std::mutex mutex;
    std::set<Channel*> channels;
};

AllChannels& all_channels() {
    static Immortal<AllChannels> all;
    return *all;
}

}  // namespace

Channel::Channel() {
    AllChannels& all = all_channels();
    const std::lock_guard lock(all.mutex);
    all.channels.insert(this);
}

Channel* Channel::current(NTSTATUS* status) {
    auto* channel = static_cast<Channel*>(pthread_getspecific(key()));
    if (!channel || channel->rest_) {
        auto* const fresh = new Channel;
        fresh->below_.reset(channel);
        channel = fresh;
        pthread_setspecific(key(), channel);
    }
    *status = channel->lane_ ? STATUS_SUCCESS : channel->open();
    return *status == STATUS_SUCCESS ? channel : nullptr;
}

Channel* Channel::to_living_server(NTSTATUS* status) {
    Channel* const channel = current(status);
    if (!channel || !channel->lane_.hung_up()) return channel;
    channel->broken();
    return current(status);
}

Channel* Channel::left() {
    auto* channel = static_cast<Channel*>(pthread_getspecific(key()));
    // Calls made while the thread had left this one are over, and their channel is not needed any more.
    while (channel && !channel->rest_ && channel->below_) {
        const std::unique_ptr<Channel> over(channel);
        channel = over->below_.release();
        pthread_setspecific(key(), channel);
    }
    return channel && channel->rest_ ? channel : nullptr;
}

Channel::~Channel() {
    if (rest_) host::forget_left_call(lane_.answers());
    AllChannels& all = all_channels();
    const std::lock_guard lock(all.mutex);
    all.channels.erase(this);
}

void Channel::before_fork() {
    all_channels().mutex.lock();
}

void Channel::after_fork_in_parent() {
    all_channels().mutex.unlock();
}

// The channels of threads that do not exist here are only emptied: a channel may own another one.
void Channel::forget_after_fork() {
    AllChannels& all = all_channels();
    new (&all.mutex) std::mutex;
    for (Channel* channel : all.channels) {
        channel->lane_ = Lane();
        channel->buffer_.reset();
    }
    all.channels.clear();
    forget_handles_after_fork();
    forget_event_pairs_after_fork();
    forget_port_views_after_fork();
    forget_registration();
    Leases::forget_after_fork();
    forget_primary_token();
    delete static_cast<Channel*>(pthread_getspecific(key()));
    pthread_setspecific(key(), nullptr);
}

// The server may end between any two of these steps; then the next one is asked, a few times at most.
NTSTATUS Channel::open() {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<std::byte[]>(wire::kMaxPacket);
    const host::ThreadFacts facts = host::thread_facts();
    constexpr int attempts = 4;
    wire::RegisterThread::Request request;
    request.protocol_hash = wire::kProtocolHash;
    request.thread_id = facts.thread_id;
    request.creation_time = facts.creation_time;
    request.wants_pipes = 1;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        Registration registration;
        if (const NTSTATUS status = register_process(&registration); status != STATUS_SUCCESS) return status;
        UniqueFd socket;
        if (const NTSTATUS status = connect_to_server(&socket); status != STATUS_SUCCESS) return status;
        request.cookie_low = registration.cookie_low;
        request.cookie_high = registration.cookie_high;
        auto packet = wire::encode({.code = static_cast<std::uint16_t>(wire::RegisterThread::code)}, request,
                                   {}, wire::RegisterThread::kRequestBlobs);
        packet.pieces[0] = std::as_bytes(std::span(&packet.header, 1));
        if (send_packet(socket.get(), packet.pieces, -1) < 0) continue;
        struct {
            wire::PacketHeader header;
            wire::RegisterThread::Reply body;
        } answer;
        Descriptors pipes;
        const auto place = std::as_writable_bytes(std::span(&answer, 1));
        if (receive_packet(socket.get(), place, pipes) != sizeof(answer)) continue;
        if (answer.header.status != STATUS_SUCCESS) return answer.header.status;
        Lane lane(std::move(socket));
        if (answer.body.has_pipes && !lane.add_pipes(std::move(pipes[0]), std::move(pipes[1]))) {
            request.wants_pipes = 0;  // as when this process has no descriptors left for them
            continue;
        }
        lane_ = std::move(lane);
        generation_ = registration.generation;
        thread_id_ = facts.thread_id;
        presented_tokens = {};
        last_handle = {};
        last_leases = {};
        return STATUS_SUCCESS;
    }
    host::log(host::LogLevel::error, "alpcserver does not accept this thread; see the log beside its socket");
    return STATUS_PORT_DISCONNECTED;
}

NTSTATUS Channel::broken() {
    lane_ = Lane();
    return STATUS_PORT_DISCONNECTED;
}

NTSTATUS Channel::send(std::span<const wire::Bytes> pieces, int sent_descriptor) {
    if (lane_.send(pieces, sent_descriptor) >= 0) return STATUS_SUCCESS;
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

NTSTATUS Channel::exchange(host::CallGuard& guard, Blocking blocking, std::span<const wire::Bytes> pieces,
                           int sent_descriptor, wire::Bytes* body, std::span<UniqueFd> descriptors) {
    if (const NTSTATUS status = send(pieces, sent_descriptor); status != STATUS_SUCCESS) return status;
    try {
        return await_answer(guard, blocking, body, descriptors);
    } catch (...) {
        broken();  // the server believes that this thread waits, or serves it, and so must lose it
        throw;
    }
}

NTSTATUS Channel::await_answer(host::CallGuard& guard, Blocking blocking, wire::Bytes* body,
                               std::span<UniqueFd> descriptors) {
    for (;;) {
        if (blocking != Blocking::no) guard.wait_readable(lane_.answers());
        Descriptors received;
        const NTSTATUS status = receive(body, received);
        if (status != kOrder) {
            std::ranges::move(std::span(received).first(descriptors.size()), descriptors.begin());
            return status;
        }
        serve(*body, std::move(received));
    }
}

void Channel::serve(wire::Bytes body, Descriptors descriptors) {
    if (order_ == wire::Code::serve_data) {
        serve_data(body);
    } else {
        serve_views(body, std::move(descriptors[0]));
    }
}

// The server of a port wants to read or write memory that a request of this thread has offered. The thread is
// at the server's disposal while it waits for the answer; a bad address is the program's and is reported as
// such.
void Channel::serve_data(wire::Bytes body) {
    using wire::ServeData;
    ServeData::Reply order;
    ServeData::ReplyBlobs given;
    ServeData::Request done;
    if (!wire::decode(body, ServeData::kReplyBlobs, order, given)) return;
    auto* const memory = reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>(order.address));
    std::vector<std::byte> copied;
    if (order.write) {
        done.ok = host::copy_to_program(memory, given.data.data(), given.data.size());
    } else {
        copied.resize(std::min<std::uint64_t>(order.size, wire::kMaxPacket / 2));
        done.ok = host::copy_from_program(copied.data(), memory, copied.size());
        if (!done.ok) copied.clear();
    }
    auto packet = wire::encode({.code = static_cast<std::uint16_t>(ServeData::code)}, done, {.data = copied},
                               ServeData::kRequestBlobs);
    packet.pieces[0] = std::as_bytes(std::span(&packet.header, 1));
    // When this fails the server is gone, and the next read finds the end of the connection.
    lane_.send(packet.pieces, -1);
}

void Channel::serve_views(wire::Bytes body, UniqueFd memory) {
    using wire::ServeViews;
    ServeViews::Reply order;
    ServeViews::ReplyBlobs blobs;
    if (!wire::decode(body, ServeViews::kReplyBlobs, order, blobs)) return;
    for (const auto view : wire::items_of<std::uint64_t>(blobs.unmapped))
        unmap_ended_view({view, generation_});
    if (order.restored != 0) restore_view({order.restored, generation_}, std::move(memory));
    ServeViews::Request done;
    done.unmapped_serial = order.unmapped_serial;
    done.restored_serial = order.restored_serial;
    auto packet = wire::encode({.code = static_cast<std::uint16_t>(ServeViews::code)}, done, {},
                               ServeViews::kRequestBlobs);
    packet.pieces[0] = std::as_bytes(std::span(&packet.header, 1));
    lane_.send(packet.pieces, -1);  // as above
}

NTSTATUS Channel::take_up(host::CallGuard& guard, NTSTATUS outcome) {
    host::forget_left_call(lane_.answers());
    pollfd answer = {lane_.answers(), POLLIN, 0};
    if (outcome == STATUS_SUCCESS && poll(&answer, 1, 0) == 0) return kCallLeft;
    if (outcome != STATUS_SUCCESS) {
        wire::CancelWait::Request request;
        request.status = outcome;
        auto packet = wire::encode({.code = static_cast<std::uint16_t>(wire::CancelWait::code)}, request, {},
                                   wire::CancelWait::kRequestBlobs);
        packet.pieces[0] = std::as_bytes(std::span(&packet.header, 1));
        // When this fails the server is gone, and what follows finds the end of the connection.
        lane_.send(packet.pieces, -1);
        guard.wait_readable(lane_.answers());
    }
    wire::Bytes body;
    Descriptors descriptors;
    NTSTATUS status;
    while ((status = receive(&body, descriptors)) == kOrder) {
        serve(body, std::move(descriptors));
        if (outcome == STATUS_SUCCESS) return kCallLeft;
        guard.wait_readable(lane_.answers());
    }
    const Rest rest = std::exchange(rest_, nullptr);
    return rest(status, body, std::move(descriptors));
}

NTSTATUS Channel::receive(wire::Bytes* body, std::span<UniqueFd> descriptors) {
    const ssize_t size = lane_.receive(std::span(buffer_.get(), wire::kMaxPacket), descriptors);
    wire::PacketHeader header;
    if (size < static_cast<ssize_t>(sizeof(header))) return broken();
    std::memcpy(&header, buffer_.get(), sizeof(header));
    if (header.size != static_cast<std::size_t>(size)) return broken();
    *body = wire::Bytes(buffer_.get() + sizeof(header), static_cast<std::size_t>(size) - sizeof(header));
    order_ = static_cast<wire::Code>(header.code);
    if (order_ == wire::Code::serve_data || order_ == wire::Code::serve_views) return kOrder;
    return header.serial == serial_ ? header.status : broken();
}

}  // namespace ntalpc::core
