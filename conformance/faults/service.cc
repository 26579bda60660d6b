// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/faults/service.h"

#include "conformance/faults/conversation.h"

namespace ntalpc::faults {

AlpcService::AlpcService(Party& party, ServiceOptions options) : party_(party), options_(std::move(options)) {
    party_.call("NtAlpcCreatePort", create(listener_, party_.port_name(), options_.port));
    party_.announce();
}

void AlpcService::run(const std::function<void(Arrival)>& handle) {
    for (;;) {
        Message<> message;
        Attributes attributes(ALPC_MESSAGE_CONTEXT_ATTRIBUTE | options_.attributes);
        NTSTATUS status = 0;
        party_.critical_if(options_.critical && options_.critical(),
                           [&] { status = receive(listener_, message, attributes.get()); });
        party_.call("receive of the service", status);
        const auto context = reinterpret_cast<ULONG_PTR>(attributes.context().PortContext);
        switch (message.kind()) {
            case LPC_CONNECTION_REQUEST:
                if (accept_or_refuse(message)) return;
                break;
            case LPC_PORT_CLOSED:
                connections_.erase(context);
                break;
            case LPC_REQUEST:
            case LPC_DATAGRAM:
            case LPC_REPLY: {
                const auto found = connections_.find(context);
                party_.require("a message has the context of a connection", found != connections_.end());
                handle({listener_, found->second, message, attributes});
                break;
            }
            default:  // notices of what has ended
                break;
        }
    }
}

// True when it is over.
bool AlpcService::accept_or_refuse(Message<>& message) {
    if (message.data() == kOver) {
        refuse(listener_, message.get());
        return true;
    }
    if (options_.refuses && options_.refuses(message)) {
        party_.tried("refusal", refuse(listener_, message.get()));
        return false;
    }
    Port server;
    if (party_.tried("NtAlpcAcceptConnectPort",
                     accept(server, listener_, message.get(), reinterpret_cast<PVOID>(++last_context_),
                            options_.port)))
        connections_.emplace(last_context_, std::move(server));
    else
        refuse(listener_, message.get());  // or a client that lives would wait for ever
    return false;
}

}  // namespace ntalpc::faults
