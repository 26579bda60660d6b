// SPDX-License-Identifier: LGPL-2.1-or-later
// The serving party of a conversation: accepts whoever comes, gives each message to the conversation, and
// ends when somebody connects with the word that it is over.
#pragma once

#include <functional>
#include <map>

#include "conformance/faults/calls.h"
#include "conformance/faults/party.h"

namespace ntalpc::faults {

// A message that a service has received.
struct Arrival {
    const Port& listener;
    const Port& server;  // the end of the connection that it came over
    Message<>& message;
    Attributes& attributes;
};

struct ServiceOptions {
    ALPC_PORT_ATTRIBUTES port = port_attributes();
    ULONG attributes = 0;  // of messages, that the service wants to see
    // Connections that are refused.
    std::function<bool(Message<>&)> refuses = nullptr;
    // Asked before each receive: whether it is a critical call (party.h).
    std::function<bool()> critical = nullptr;
};

class AlpcService {
  public:
    AlpcService(Party& party, ServiceOptions options = {});
    // Serves until it is over.
    void run(const std::function<void(Arrival)>& handle);

    const Port& listener() const { return listener_; }

  private:
    bool accept_or_refuse(Message<>& message);

    Party& party_;
    const ServiceOptions options_;
    Port listener_;
    std::map<ULONG_PTR, Port> connections_;  // by their port contexts
    ULONG_PTR last_context_ = 0;
};

}  // namespace ntalpc::faults
