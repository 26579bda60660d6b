// SPDX-License-Identifier: LGPL-2.1-or-later
// How objects travel with messages: handed in to the server before the send, taken from it after the receive.
#pragma once

#include <cstdint>
#include <vector>

#include "core/host.h"
#include "generated/protocol.h"
#include "ntalpc/ntbase.h"

namespace ntalpc::core {

class CallScope;

// A handle as a sender gives it.
struct HandleToPass {
    HANDLE handle;
    std::uint32_t flags;  // ALPC_HANDLEFLG_* without the form
    std::uint32_t type;
    std::uint32_t access;
};

// The send that is to carry them: from a port, perhaps as an answer, or a connect to a name.
struct Carrier {
    std::uint64_t port = 0;
    std::uint32_t message_id = 0;
    wire::Bytes name;
    wire::NameRoot root;
};

// Hands in objects for the next message of this thread, which must follow at once.
NTSTATUS attach_handles(CallScope& scope, const Carrier& carrier, const std::vector<HandleToPass>& handles);

// A message that a port, by its number, has received.
struct ReceivedMessage {
    std::uint64_t port;
    std::uint32_t message_id;
    std::uint32_t callback_id;
};

struct TakenHandle {
    HANDLE handle = nullptr;
    std::uint32_t type = 0;  // as programs see it
    std::uint32_t access = 0;
};

// Makes a handle of this process to one of the objects that came with a message.
NTSTATUS take_handle(CallScope& scope, const ReceivedMessage& message, std::uint32_t index,
                     TakenHandle* taken);

}  // namespace ntalpc::core
