// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/faults/calls.h"

namespace ntalpc::faults {

namespace {

NTSTATUS connect(Port& port, const std::string& name, Message<>* message, ALPC_PORT_ATTRIBUTES& attributes,
                 ULONG flags) {
    Name path(name);
    SIZE_T length = Message<>::size();
    return api().NtAlpcConnectPort(port.put(), path.get(), POBJECT_ATTRIBUTES{}, &attributes, flags, PSID{},
                                   message ? message->get() : nullptr, message ? &length : nullptr,
                                   PALPC_MESSAGE_ATTRIBUTES{}, PALPC_MESSAGE_ATTRIBUTES{}, PLARGE_INTEGER{});
}

}  // namespace

NTSTATUS create(Port& port, const std::string& name, ALPC_PORT_ATTRIBUTES attributes) {
    Name path(name);
    OBJECT_ATTRIBUTES object = path.attributes();
    return api().NtAlpcCreatePort(port.put(), &object, &attributes);
}

NTSTATUS connect_now(Port& port, const std::string& name, Message<>* message,
                     ALPC_PORT_ATTRIBUTES attributes) {
    return connect(port, name, message, attributes, kSync);
}

NTSTATUS connect_later(Port& port, const std::string& name, Message<>* message,
                       ALPC_PORT_ATTRIBUTES attributes) {
    return connect(port, name, message, attributes, 0);
}

NTSTATUS receive(const Port& port, Message<>& message, PALPC_MESSAGE_ATTRIBUTES attributes) {
    SIZE_T length = Message<>::size();
    return api().NtAlpcSendWaitReceivePort(port.get(), ULONG{0}, PPORT_MESSAGE{}, PALPC_MESSAGE_ATTRIBUTES{},
                                           message.get(), &length, attributes, PLARGE_INTEGER{});
}

NTSTATUS request(const Port& port, Message<>& message, Message<>& answer, PALPC_MESSAGE_ATTRIBUTES attributes,
                 PALPC_MESSAGE_ATTRIBUTES answer_attributes) {
    SIZE_T length = Message<>::size();
    return api().NtAlpcSendWaitReceivePort(port.get(), kSync, message.get(), attributes, answer.get(),
                                           &length, answer_attributes, PLARGE_INTEGER{});
}

NTSTATUS answer(const Port& port, Message<>& request, std::string_view data, ULONG flags) {
    auto reply = Message<>::answer(request, data);
    return send(port, reply.get(), flags);
}

}  // namespace ntalpc::faults
