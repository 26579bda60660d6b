// SPDX-License-Identifier: LGPL-2.1-or-later
// A thread's connection to the server.
//
// Each thread has its own socket, so that any number of threads can be blocked without a lock. It is made by
// the thread's first call and closed when the thread ends, by which the server learns of the end. A second
// socket, one per process, stands for the process.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "core/host.h"
#include "core/lane.h"
#include "core/presented_tokens.h"
#include "core/server_handle.h"
#include "generated/protocol.h"
#include "ntalpc/ntbase.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc::core {

// Whether the server may take its time with the answer, and whether the call may be left meanwhile
// (left_call.h).
enum class Blocking { no, yes, leaving };

// What may come with one packet.
using Descriptors = std::array<UniqueFd, wire::kMaxDescriptors>;

class ClientLease;
class LeasedPort;

class Channel {
  public:
    // The calling thread's channel, connected. nullptr, and the reason in `status`, when there is no server
    // and none can be started.
    static Channel* current(NTSTATUS* status);
    // The same for a call that needs nothing of an earlier server: if that has died since the thread's last
    // call, there is a new one.
    static Channel* to_living_server(NTSTATUS* status);
    // The channel of the calling thread's innermost left call, which the thread returns to; nullptr if none.
    static Channel* left();
    ~Channel();
    // Around a fork, in which nothing that the parent opened becomes the child's: no thread may be just
    // opening or closing its channel.
    static void before_fork();
    static void after_fork_in_parent();
    static void forget_after_fork();

    // Sends a request and waits for its answer. Blobs of the answer point into the channel's buffer and are
    // good until the next call. Blobs of the request may be program memory: STATUS_ACCESS_VIOLATION when it
    // cannot be read. STATUS_PORT_DISCONNECTED when the server is gone. `descriptors` receive what comes with
    // the answer.
    template <class Type>
    NTSTATUS call(host::CallGuard& guard, Blocking blocking, typename Type::Request& request,
                  const typename Type::RequestBlobs& blobs, typename Type::Reply* reply,
                  typename Type::ReplyBlobs* reply_blobs, int sent_descriptor = -1,
                  std::span<UniqueFd> descriptors = {}) {
        auto packet = wire::encode({.code = static_cast<std::uint16_t>(Type::code), .serial = ++serial_},
                                   request, blobs, Type::kRequestBlobs);
        packet.pieces[0] = std::as_bytes(std::span(&packet.header, 1));
        wire::Bytes body;
        const NTSTATUS status = exchange(guard, blocking, packet.pieces, sent_descriptor, &body, descriptors);
        if (!body.empty() && !wire::decode(body, Type::kReplyBlobs, *reply, *reply_blobs)) return broken();
        return status;
    }

    // The same for a call that may be left: `then` does what remains with the answer, now or later. It is
    // given the status, the reply, its blobs and the descriptors, and its result is that of the call.
    template <class Type, class Then>
    NTSTATUS call_then(host::CallGuard& guard, Blocking blocking, typename Type::Request& request,
                       const typename Type::RequestBlobs& blobs, Then then) {
        typename Type::Reply reply;
        typename Type::ReplyBlobs reply_blobs;
        if (blocking != Blocking::leaving || !host::can_leave_calls()) {
            Descriptors descriptors;
            const NTSTATUS status =
                call<Type>(guard, blocking, request, blobs, &reply, &reply_blobs, -1, descriptors);
            return then(status, reply, reply_blobs, std::move(descriptors));
        }
        auto packet = wire::encode({.code = static_cast<std::uint16_t>(Type::code), .serial = ++serial_},
                                   request, blobs, Type::kRequestBlobs);
        packet.pieces[0] = std::as_bytes(std::span(&packet.header, 1));
        Rest rest = [this, then](NTSTATUS status, wire::Bytes body, Descriptors descriptors) {
            typename Type::Reply late_reply;
            typename Type::ReplyBlobs late_blobs;
            if (!body.empty() && !wire::decode(body, Type::kReplyBlobs, late_reply, late_blobs))
                return broken();
            return then(status, late_reply, late_blobs, std::move(descriptors));
        };
        if (const NTSTATUS status = send(packet.pieces, -1); status != 0)
            return then(status, reply, reply_blobs, Descriptors());
        rest_ = std::move(rest);
        return take_up(guard, 0);
    }
    // Sends a request that has no fields and no answer. When the server is gone the next call finds out.
    template <class Type>
    void tell() {
        typename Type::Request request;
        auto packet =
            wire::encode({.code = static_cast<std::uint16_t>(Type::code)}, request, {}, Type::kRequestBlobs);
        packet.pieces[0] = std::as_bytes(std::span(&packet.header, 1));
        send(packet.pieces, -1);
    }
    // See take_up_call().
    NTSTATUS take_up(host::CallGuard& guard, NTSTATUS outcome);
    // What becomes readable with the answer.
    int answers() const { return lane_.answers(); }

    // Counts the servers this process has talked to: what one of them said is void with the next.
    std::uint32_t generation() const { return generation_; }

    // The thread's id, as the server knows it.
    std::uint64_t thread_id() const { return thread_id_; }
    // Room for a message that comes another way. Good until the next call, as blobs of an answer are.
    std::span<std::byte> scratch() { return std::span(buffer_.get(), wire::kMaxPacket); }

    PresentedTokens presented_tokens;

    // What the last handle that the thread used stands for (port_handle.h), and the leases of the last port
    // (leases.h): most threads use the same again and again. A capability stands for the same as long as
    // there is this server.
    struct LastHandle {
        host::NtHandle handle = nullptr;
        std::uint64_t version = 0;  // host::handles_version(); 0: the handle may stand for something else now
        std::uint64_t cookie = 0;
        ServerHandle meaning;
    };
    LastHandle last_handle;
    struct LastLeases {
        std::uint64_t changes = 0;
        std::uint64_t port = 0;
        std::weak_ptr<ClientLease> client;
        std::weak_ptr<LeasedPort> leased_port;
    };
    LastLeases last_leases;

  private:
    using Rest = std::function<NTSTATUS(NTSTATUS status, wire::Bytes body, Descriptors descriptors)>;

    Channel();
    NTSTATUS open();
    NTSTATUS send(std::span<const wire::Bytes> pieces, int sent_descriptor);
    NTSTATUS exchange(host::CallGuard& guard, Blocking blocking, std::span<const wire::Bytes> pieces,
                      int sent_descriptor, wire::Bytes* body, std::span<UniqueFd> descriptors);
    NTSTATUS await_answer(host::CallGuard& guard, Blocking blocking, wire::Bytes* body,
                          std::span<UniqueFd> descriptors);
    NTSTATUS receive(wire::Bytes* body, std::span<UniqueFd> descriptors);
    void serve(wire::Bytes body, Descriptors descriptors);
    void serve_data(wire::Bytes body);
    void serve_views(wire::Bytes body, UniqueFd memory);
    NTSTATUS broken();

    Lane lane_;
    std::unique_ptr<std::byte[]> buffer_;
    std::uint32_t serial_ = 0;
    std::uint32_t generation_ = 0;
    std::uint64_t thread_id_ = 0;
    wire::Code order_{};              // what the packet just received is, if it is no answer
    Rest rest_;                       // of the left call; empty when there is none
    std::unique_ptr<Channel> below_;  // those of left calls in the course of which this one was made
};

}  // namespace ntalpc::core
