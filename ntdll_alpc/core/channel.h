// SPDX-License-Identifier: LGPL-2.1-or-later
// A thread's connection to the server.
//
// Each thread has its own socket, so that any number of threads can be blocked without a lock. It is made by
// the thread's first call and closed when the thread ends, by which the server learns of the end. A second
// socket, one per process, stands for the process.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "core/host.h"
#include "generated/protocol.h"
#include "ntalpc/ntbase.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc::core {

// Whether the server may take its time with the answer.
enum class Blocking { no, yes };

class Channel {
  public:
    // The calling thread's channel, connected. nullptr, and the reason in `status`, when there is no server
    // and none can be started.
    static Channel* current(NTSTATUS* status);
    // In the child of a fork: nothing that the parent opened is ours.
    static void forget_after_fork();

    // Sends a request and waits for its answer. Blobs of the answer point into the channel's buffer and are
    // good until the next call. Blobs of the request may be program memory: STATUS_ACCESS_VIOLATION when it
    // cannot be read. STATUS_PORT_DISCONNECTED when the server is gone. `descriptor` receives what comes with
    // the answer.
    template <class Type>
    NTSTATUS call(host::CallGuard& guard, Blocking blocking, typename Type::Request& request,
                  const typename Type::RequestBlobs& blobs, typename Type::Reply* reply,
                  typename Type::ReplyBlobs* reply_blobs, int sent_descriptor = -1,
                  UniqueFd* descriptor = nullptr) {
        auto packet = wire::encode({.code = static_cast<std::uint16_t>(Type::code), .serial = ++serial_},
                                   request, blobs, Type::kRequestBlobs);
        packet.pieces[0] = std::as_bytes(std::span(&packet.header, 1));
        wire::Bytes body;
        const NTSTATUS status = exchange(guard, blocking, packet.pieces, sent_descriptor, &body, descriptor);
        if (!body.empty() && !wire::decode(body, Type::kReplyBlobs, *reply, *reply_blobs)) return broken();
        return status;
    }

    // Counts the servers this process has talked to: what one of them said is void with the next.
    std::uint32_t generation() const { return generation_; }

  private:
    Channel() = default;
    NTSTATUS open();
    NTSTATUS exchange(host::CallGuard& guard, Blocking blocking, std::span<const wire::Bytes> pieces,
                      int sent_descriptor, wire::Bytes* body, UniqueFd* descriptor);
    NTSTATUS receive(wire::Bytes* body, UniqueFd* descriptor);
    NTSTATUS broken();

    UniqueFd socket_;
    std::unique_ptr<std::byte[]> buffer_;
    std::uint32_t serial_ = 0;
    std::uint32_t generation_ = 0;
};

}  // namespace ntalpc::core
