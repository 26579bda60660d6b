// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/ports.h"

#include "bench/platform.h"
#include "ntalpc/name.h"
#include "ntalpc/status.h"

namespace ntalpc::bench {

namespace {

;

ALPC_PORT_ATTRIBUTES port_attributes() {
    ALPC_PORT_ATTRIBUTES attributes{};
    attributes.MaxMessageLength = sizeof(PORT_MESSAGE) + kMostData;
    return attributes;
}

}  // namespace

void check(NTSTATUS status, const char* what) {
    if (status == STATUS_SUCCESS) return;
    const char* const name = ntalpc::status_name(status);
    fail(std::string(what) + " gave " + (name ? name : "an unknown status") +
         "; see the log beside alpcserver's socket");
}

std::string new_port_name() {
    static int last = 0;
    return "\\RPC Control\\ntalpc-bench-" + std::to_string(process_id()) + "-" + std::to_string(++last);
}

HANDLE create_port(const std::string& name) {
    Name path(name);
    OBJECT_ATTRIBUTES object = path.attributes();
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    HANDLE listener = nullptr;
    check(NtAlpcCreatePort(&listener, &object, &attributes), "NtAlpcCreatePort");
    return listener;
}

HANDLE connect_port(const std::string& name) {
    Name path(name);
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    HANDLE port = nullptr;
    check(NtAlpcConnectPort(&port, path.get(), nullptr, &attributes, ALPC_MSGFLG_SYNC_REQUEST, nullptr,
                            nullptr, nullptr, nullptr, nullptr, nullptr),
          "NtAlpcConnectPort");
    return port;
}

void call_port(HANDLE port, Message& question, Message& answer) {
    SIZE_T length = answer.room();
    check(NtAlpcSendWaitReceivePort(port, ALPC_MSGFLG_SYNC_REQUEST, question.get(), nullptr, answer.get(),
                                    &length, nullptr, nullptr),
          "a request");
}

void send_message(HANDLE port, Message& message, ULONG flags) {
    check(NtAlpcSendWaitReceivePort(port, flags, message.get(), nullptr, nullptr, nullptr, nullptr, nullptr),
          "a send");
}

void receive_message(HANDLE port, Message& message) {
    SIZE_T length = message.room();
    check(NtAlpcSendWaitReceivePort(port, 0, nullptr, nullptr, message.get(), &length, nullptr, nullptr),
          "a receive");
}

PORT_MESSAGE* EchoService::serve(PORT_MESSAGE* message, const ALPC_MESSAGE_ATTRIBUTES* attributes) {
    switch (message->u2.s2.Type & 0xFF) {
        case LPC_CONNECTION_REQUEST: {
            auto* const client = new Client;
            check(NtAlpcAcceptConnectPort(&client->port, listener_, 0, nullptr, nullptr, client, message,
                                          nullptr, TRUE),
                  "NtAlpcAcceptConnectPort");
            return nullptr;
        }
        case LPC_REQUEST:
            return message;
        case LPC_PORT_CLOSED: {
            const auto* const context = static_cast<const ALPC_CONTEXT_ATTR*>(AlpcGetMessageAttribute(
                const_cast<ALPC_MESSAGE_ATTRIBUTES*>(attributes), ALPC_MESSAGE_CONTEXT_ATTRIBUTE));
            const auto* const client = static_cast<Client*>(context->PortContext);
            NtClose(client->port);
            delete client;
            return nullptr;
        }
        default:
            return nullptr;
    }
}

}  // namespace ntalpc::bench
