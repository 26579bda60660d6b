// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/faults/client.h"

#include "conformance/faults/service.h"
#include "ntalpc/status.h"

namespace ntalpc::faults {

void connect_to_service(Party& party, Port& port, ALPC_PORT_ATTRIBUTES attributes) {
    party.wait_for(0);
    Message<> hello("hello");
    party.call("NtAlpcConnectPort", connect_now(port, party.port_name(), &hello, attributes));
}

void ask(Party& party, const Port& port, const char* text) {
    Message<> question(text), reply;
    party.call("synchronous request", request(port, question, reply));
    party.require("the reply is the one to the request",
                  reply.kind() == LPC_REPLY && reply.data() == "reply");
}

void answer_requests(Party& party) {
    AlpcService service(party);
    service.run([&](Arrival arrival) {
        if (arrival.message.kind() == LPC_REQUEST)
            party.tried("reply", answer(arrival.listener, arrival.message, "reply"));
    });
}

std::vector<NTSTATUS> other_ended() {
    return {STATUS_PORT_DISCONNECTED, STATUS_PORT_CONNECTION_REFUSED, STATUS_OBJECT_NAME_NOT_FOUND,
            STATUS_REQUEST_CANCELED};
}

}  // namespace ntalpc::faults
