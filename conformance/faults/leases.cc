// SPDX-License-Identifier: LGPL-2.1-or-later
// A conversation whose messages go past the server, by memory that the two parties share (lease_steps.h):
// there a party may end between any two instructions.
#include "ntalpc/lease_memory.h"

#include <cstdlib>
#include <utility>

#include "conformance/faults/client.h"
#include "conformance/faults/service.h"
#include "conformance/faults/tables.h"

namespace ntalpc::faults {

namespace {

// So many requests it may take until they go directly.
constexpr int kEnough = 64;
// What comes after this is critical.
constexpr const char* kNow = "now";

void go_directly() {
    setenv("NTALPC_PATH", "direct", 1);
}

void serve_directly(Party& party) {
    go_directly();
    bool now = false;
    AlpcService service(party, {.critical = [&] { return now; }});
    service.run([&](Arrival arrival) {
        const bool critical = std::exchange(now, arrival.message.data() == kNow);
        if (arrival.message.kind() != LPC_REQUEST) return;
        NTSTATUS status = 0;
        party.critical_if(critical, [&] { status = answer(arrival.listener, arrival.message, "reply"); });
        party.tried("reply", status);
    });
}

// Whether it went directly.
bool ask_and_look(Party& party, const Port& port, bool critical) {
    Message<> question("question"), reply;
    NTSTATUS status = 0;
    party.critical_if(critical, [&] { status = request(port, question, reply); });
    party.call("request", status);
    party.require("the reply is the one to the request",
                  reply.kind() == LPC_REPLY && reply.data() == "reply");
    return lease::is_leased_id(reply.id());
}

void talk_directly(Party& party) {
    go_directly();
    Port port;
    connect_to_service(party, port);
    bool direct = false;
    for (int i = 0; i < kEnough && !direct; ++i) direct = ask_and_look(party, port, false);
    if (!party.lacks_something()) party.require("messages go directly", direct);
    Message<> now(kNow), datagram("datagram");
    party.call("datagram", send(port, now.get(), kRelease));
    ask_and_look(party, port, true);
    NTSTATUS status = 0;
    party.critical_if(true, [&] { status = send(port, datagram.get(), kRelease); });
    party.call("critical datagram", status);
    ask(party, port, "last");
    party.call("NtClose", port.close());
}

}  // namespace

std::vector<Conversation> lease_conversations() {
    return {
        {"leases", {{"service", serve_directly, Service::alpc}, {"client", talk_directly}}, other_ended()}};
}

}  // namespace ntalpc::faults
