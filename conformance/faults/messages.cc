// SPDX-License-Identifier: LGPL-2.1-or-later
// Conversations of plain messages.
#include "conformance/faults/client.h"
#include "conformance/faults/service.h"
#include "conformance/faults/tables.h"
#include "ntalpc/status.h"

namespace ntalpc::faults {

namespace {

// ---- A client that connects, sends and asks ----

void send_and_ask(Party& party) {
    Port port;
    connect_to_service(party, port);
    ask(party, port, "first");
    for (const char* const text : {"one", "two"}) {
        Message<> datagram(text);
        party.call("datagram", send(port, datagram.get(), kRelease));
    }
    ask(party, port, "second");
    party.call("NtClose", port.close());
}

// ---- Nobody waits for anybody in a call that sends ----

void answer_and_tell(Party& party) {
    AlpcService service(party);
    service.run([&](Arrival arrival) {
        if (arrival.message.kind() != LPC_REQUEST) return;
        Message<> news("news");
        party.tried("datagram to the client", send(arrival.server, news.get(), kRelease));
        party.tried("reply", answer(arrival.server, arrival.message, "reply"));
    });
}

void ask_without_waiting(Party& party) {
    party.wait_for(0);
    Port port;
    Message<> hello("hello"), message;
    party.call("asynchronous connect", connect_later(port, party.port_name(), &hello));
    party.call("receive of the connection reply", receive(port, message));
    if (message.kind() != LPC_INTERNAL_CONNECTION_REPLY)
        return party.call("connection", STATUS_PORT_DISCONNECTED);
    Message<> question("question");
    party.call("asynchronous request", send(port, question.get(), 0));
    bool answered = false;
    while (!answered) {
        party.call("receive of the client", receive(port, message));
        answered = message.kind() == LPC_REPLY;
        if (message.kind() == LPC_PORT_CLOSED) party.call("LPC_PORT_CLOSED", STATUS_PORT_DISCONNECTED);
    }
    party.call("NtClose", port.close());
}

// ---- Refusals ----

void refuse_everybody(Party& party) {
    AlpcService service(party, {.refuses = [](Message<>&) { return true; }});
    service.run([](Arrival) {});
}

void be_refused(Party& party) {
    party.wait_for(0);
    for (int i = 0; i < 2; ++i) {
        Port port;
        Message<> hello("hello");
        const NTSTATUS status = connect_now(port, party.port_name(), &hello);
        party.call("connect that is refused",
                   status == STATUS_PORT_CONNECTION_REFUSED ? NTSTATUS{STATUS_SUCCESS} : status);
    }
}

// ---- Disconnects ----

void disconnect_after_a_request(Party& party) {
    AlpcService service(party);
    service.run([&](Arrival arrival) {
        if (arrival.message.kind() != LPC_REQUEST) return;
        party.tried("NtAlpcDisconnectPort", api().NtAlpcDisconnectPort(arrival.server.get(), ULONG{0}));
    });
}

void be_disconnected(Party& party) {
    Port port;
    connect_to_service(party, port);
    Message<> question("question"), reply;
    const NTSTATUS status = request(port, question, reply);
    party.call("request that ends by a disconnect",
               status == STATUS_PORT_DISCONNECTED ? NTSTATUS{STATUS_SUCCESS} : status);
    party.require("nothing goes over a connection that has ended",
                  send(port, question.get(), kRelease) == STATUS_PORT_DISCONNECTED);
    Port other;
    connect_to_service(party, other);
    party.call("NtAlpcDisconnectPort of the client", api().NtAlpcDisconnectPort(other.get(), ULONG{0}));
    party.call("NtClose", other.close());
}

// ---- Cancelled messages, reserves ----

void answer_the_second(Party& party) {
    AlpcService service(party);
    int requests = 0;
    service.run([&](Arrival arrival) {
        if (arrival.message.kind() != LPC_REQUEST) return;
        if (++requests % 2 == 0) {
            party.tried("reply", answer(arrival.listener, arrival.message, "reply"));
            return;
        }
        ALPC_CONTEXT_ATTR context{};
        context.MessageId = arrival.message.id();
        const NTSTATUS status = api().NtAlpcCancelMessage(arrival.listener.get(), ULONG{0}, &context);
        party.tried("NtAlpcCancelMessage of the server",
                    status == STATUS_MESSAGE_RETRIEVED ? NTSTATUS{STATUS_SUCCESS} : status);
    });
}

void cancel_and_be_cancelled(Party& party) {
    Port port;
    connect_to_service(party, port);
    Message<> first("first"), reply;
    const NTSTATUS status = request(port, first, reply);
    party.call("request that is cancelled",
               status == STATUS_REQUEST_CANCELED ? NTSTATUS{STATUS_SUCCESS} : status);
    ask(party, port, "second");
    ULONG reserve = 0;
    party.call("NtAlpcCreateResourceReserve",
               api().NtAlpcCreateResourceReserve(port.get(), ULONG{0}, SIZE_T{0x100}, &reserve));
    Message<> datagram("from the reserve");
    datagram.header().MessageId = reserve;
    party.call("datagram from a reserve", send(port, datagram.get(), kRelease));
    party.call("NtAlpcDeleteResourceReserve",
               api().NtAlpcDeleteResourceReserve(port.get(), ULONG{0}, reserve));
    party.call("NtClose", port.close());
}

}  // namespace

std::vector<Conversation> message_conversations() {
    const Role service = {"service", answer_requests, Service::alpc};
    return {
        {"messages", {service, {"client", send_and_ask}}, other_ended()},
        {"two-clients", {service, {"one", send_and_ask}, {"other", send_and_ask}}, other_ended()},
        {"asynchronous",
         {{"service", answer_and_tell, Service::alpc}, {"client", ask_without_waiting}},
         other_ended()},
        {"refusal", {{"service", refuse_everybody, Service::alpc}, {"client", be_refused}}, other_ended()},
        {"disconnect",
         {{"service", disconnect_after_a_request, Service::alpc}, {"client", be_disconnected}},
         other_ended()},
        {"cancel",
         {{"service", answer_the_second, Service::alpc}, {"client", cancel_and_be_cancelled}},
         other_ended()},
    };
}

}  // namespace ntalpc::faults
