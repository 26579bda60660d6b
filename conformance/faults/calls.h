// SPDX-License-Identifier: LGPL-2.1-or-later
// Calls as the parties make them: like those of the conformance tests, but they wait for ever. So a call that
// should have ended and does not is seen by the harness, and no time limit of ours ends anything.
#pragma once

#include "conformance/harness/ports.h"

namespace ntalpc::faults {

using conformance::accept;
using conformance::api;
using conformance::Attributes;
using conformance::header_size;
using conformance::Message;
using conformance::Port;
using conformance::port_attributes;
using conformance::refuse;
using conformance::send;

constexpr ULONG kRelease = ALPC_MSGFLG_RELEASE_MESSAGE;
constexpr ULONG kSync = ALPC_MSGFLG_SYNC_REQUEST;

NTSTATUS create(Port& port, const std::string& name, ALPC_PORT_ATTRIBUTES attributes = port_attributes());
// Waits for the answer of the server, which comes into `message`.
NTSTATUS connect_now(Port& port, const std::string& name, Message<>* message = nullptr,
                     ALPC_PORT_ATTRIBUTES attributes = port_attributes());
// The answer is received like any message.
NTSTATUS connect_later(Port& port, const std::string& name, Message<>* message = nullptr,
                       ALPC_PORT_ATTRIBUTES attributes = port_attributes());
NTSTATUS receive(const Port& port, Message<>& message, PALPC_MESSAGE_ATTRIBUTES attributes = nullptr);
NTSTATUS request(const Port& port, Message<>& message, Message<>& answer,
                 PALPC_MESSAGE_ATTRIBUTES attributes = nullptr,
                 PALPC_MESSAGE_ATTRIBUTES answer_attributes = nullptr);
NTSTATUS answer(const Port& port, Message<>& request, std::string_view data, ULONG flags = kRelease);

}  // namespace ntalpc::faults
