// SPDX-License-Identifier: LGPL-2.1-or-later
// What the parties of many conversations have in common.
#pragma once

#include <vector>

#include "conformance/faults/calls.h"
#include "conformance/faults/party.h"

namespace ntalpc::faults {

// Connects when the first party, the service, has begun.
void connect_to_service(Party& party, Port& port, ALPC_PORT_ATTRIBUTES attributes = port_attributes());
// A request to answer_requests().
void ask(Party& party, const Port& port, const char* text);
// A service that answers every request.
void answer_requests(Party& party);

// What calls come to when the other side of a connection, or the server, has gone.
std::vector<NTSTATUS> other_ended();

}  // namespace ntalpc::faults
