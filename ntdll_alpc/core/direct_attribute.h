// SPDX-License-Identifier: LGPL-2.1-or-later
// The direct attribute: an event that is set when the message has been processed.
//
// The server gives a socket for the message that the thread sends next. One byte arrives on it when the
// message is taken, and it hangs up when the message has been processed; a hang-up alone says that the
// message was not sent. A helper of the host watches such sockets and sets the events.
#pragma once

#include "core/call_scope.h"
#include "generated/protocol.h"

namespace ntalpc::core {

// To be called between capturing a message whose direct attribute is valid and sending it.
NTSTATUS prepare_direct_event(CallScope& scope, ALPC_MESSAGE_ATTRIBUTES* buffer,
                              const wire::MessageAttributes& captured);

// What a helper knows of one message.
class DirectWatch {
  public:
    enum class News { none, processed, not_sent };

    explicit DirectWatch(UniqueFd socket) : socket_(std::move(socket)) {}
    int socket() const { return socket_.get(); }
    // To be called when the socket is readable or hung up. After anything but `none` there is no more.
    News look();

  private:
    UniqueFd socket_;
    bool taken_ = false;
};

}  // namespace ntalpc::core
