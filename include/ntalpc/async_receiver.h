// SPDX-License-Identifier: LGPL-2.1-or-later
// Receiving without a thread that waits: a port among the other descriptors of an event loop. For C++
// programs that use libntalpc; needs C++17 and nothing but ntalpc.h.
//
//     ntalpc::AsyncReceiver receiver(port);
//     if (receiver.status() != STATUS_SUCCESS) ...;
//     epoll_event interest = {EPOLLIN, {.ptr = &receiver}};
//     epoll_ctl(poller, EPOLL_CTL_ADD, receiver.descriptor(), &interest);
//     ...
//     // when epoll_wait() has named it:
//     const NTSTATUS status = receiver.receive_all([](PORT_MESSAGE& message) { ... });
//     if (status != STATUS_SUCCESS) ...;   // the port has ended: remove the descriptor and close the port
//
// The descriptor is readable as long as there is something to receive or the port has ended, so both level
// and edge triggered polling work. Several threads may have receivers of their own for one port: each message
// is received by one of them. A receiver itself is used by one thread at a time.
#ifndef NTALPC_ASYNC_RECEIVER_H
#define NTALPC_ASYNC_RECEIVER_H

#include <unistd.h>

#include <cstddef>
#include <vector>

#include "ntalpc/ntalpc.h"

namespace ntalpc {

class AsyncReceiver {
  public:
    // The port must stay open as long as the receiver is used. `largest_message` counts the header.
    explicit AsyncReceiver(HANDLE port, std::size_t largest_message = 0xFFFF)
        : port_(port),
          largest_message_(largest_message),
          buffer_((largest_message + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t)) {
        status_ = NtalpcOpenPortEvent(port_, &descriptor_);
    }
    ~AsyncReceiver() {
        if (descriptor_ >= 0) close(descriptor_);
    }
    AsyncReceiver(const AsyncReceiver&) = delete;
    AsyncReceiver& operator=(const AsyncReceiver&) = delete;

    // STATUS_SUCCESS if there is a descriptor.
    NTSTATUS status() const { return status_; }
    // To be polled and nothing else; it belongs to the receiver.
    int descriptor() const { return descriptor_; }

    // Receives all that is there and gives each message to `handle`, which may do with it whatever it likes
    // during the call. `attributes`, if given, has room for what is to be received with each message.
    // STATUS_SUCCESS when nothing is left; STATUS_ALPC_CHECK_COMPLETION_LIST when there are messages in the
    // port's completion list: take them from there and call again; otherwise why the port cannot be received
    // from, such as STATUS_PORT_DISCONNECTED, or STATUS_BUFFER_TOO_SMALL when the next message is larger than
    // the largest.
    template <class Handler>
    NTSTATUS receive_all(Handler&& handle, PALPC_MESSAGE_ATTRIBUTES attributes = nullptr) {
        for (;;) {
            auto* const message = reinterpret_cast<PORT_MESSAGE*>(buffer_.data());
            SIZE_T size = largest_message_;
            LARGE_INTEGER at_once;
            at_once.QuadPart = 0;
            const NTSTATUS status =
                NtAlpcSendWaitReceivePort(port_, 0, nullptr, nullptr, message, &size, attributes, &at_once);
            if (status == STATUS_TIMEOUT) return STATUS_SUCCESS;
            if (status != STATUS_SUCCESS) return status;
            handle(*message);
        }
    }

  private:
    const HANDLE port_;
    const std::size_t largest_message_;
    std::vector<std::max_align_t> buffer_;
    NTSTATUS status_ = STATUS_SUCCESS;
    int descriptor_ = -1;
};

}  // namespace ntalpc

#endif  // NTALPC_ASYNC_RECEIVER_H
