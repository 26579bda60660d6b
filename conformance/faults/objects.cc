// SPDX-License-Identifier: LGPL-2.1-or-later
// Conversations about other objects: handles in messages, tokens, events, event pairs, and questions about
// objects.
#include <poll.h>
#include <sys/mman.h>

#include "conformance/faults/client.h"
#include "conformance/faults/service.h"
#include "conformance/faults/tables.h"
#include "conformance/harness/lpc.h"
#include "conformance/harness/passing.h"
#include "ntalpc/status.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc::faults {

namespace {

using conformance::Passing;

// ---- Handles in messages ----

void give_back(Party& party, Arrival arrival) {
    party.tried("answer that gives a message back", answer(arrival.listener, arrival.message, "reply"));
}

void take_handles(Party& party) {
    AlpcService service(party, {.port = port_attributes(conformance::takes_one),
                                .attributes = ALPC_MESSAGE_HANDLE_ATTRIBUTE});
    service.run([&](Arrival arrival) {
        const Port taken(arrival.attributes.valid() & ALPC_MESSAGE_HANDLE_ATTRIBUTE
                             ? arrival.attributes.handle().Handle
                             : nullptr);
        give_back(party, arrival);
    });
}

void take_many_handles(Party& party) {
    AlpcService service(party, {.port = port_attributes(conformance::takes_many),
                                .attributes = ALPC_MESSAGE_HANDLE_ATTRIBUTE});
    service.run([&](Arrival arrival) {
        for (ULONG index = 0; index < 2; ++index) {
            ALPC_MESSAGE_HANDLE_INFORMATION information{};
            information.Index = index;
            if (!party.tried("AlpcMessageHandleInformation",
                             api().NtAlpcQueryInformationMessage(
                                 arrival.listener.get(), arrival.message.get(), AlpcMessageHandleInformation,
                                 static_cast<PVOID>(&information), ULONG{sizeof(information)}, PULONG{})))
                break;
            const Port taken(reinterpret_cast<HANDLE>(ULONG_PTR{information.Handle}));
        }
        give_back(party, arrival);
    });
}

Port memory_handle(Party& party) {
    const UniqueFd memory(memfd_create("passed", MFD_CLOEXEC));
    if (!memory) throw std::bad_alloc();
    Port handle;
    party.call("NtalpcHandleFromDescriptor", NtalpcHandleFromDescriptor(memory.get(), handle.put()));
    return handle;
}

void send_handles(Party& party) {
    Port port, unnamed;
    connect_to_service(party, port, port_attributes(conformance::takes_one));
    const Port memory = memory_handle(party);
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    OBJECT_ATTRIBUTES nameless{};
    nameless.Length = sizeof(nameless);
    party.call("NtAlpcCreatePort without a name",
               api().NtAlpcCreatePort(unnamed.put(), &nameless, &attributes));
    for (const HANDLE handle : {memory.get(), unnamed.get()}) {
        Message<> question("take"), reply;
        Passing passing(handle);
        party.call("request with a handle", request(port, question, reply, passing.get()));
    }
    party.call("NtClose", port.close());
}

void send_many_handles(Party& party) {
    Port port;
    connect_to_service(party, port, port_attributes(conformance::takes_many));
    const Port memory = memory_handle(party), other = memory_handle(party);
    Message<> question("take"), reply;
    Passing passing({memory.get(), other.get()});
    party.call("request with handles", request(port, question, reply, passing.get()));
    party.call("NtClose", port.close());
}

// ---- Tokens ----

void act_as_clients(Party& party) {
    AlpcService service(party,
                        {.attributes = ALPC_MESSAGE_SECURITY_ATTRIBUTE | ALPC_MESSAGE_TOKEN_ATTRIBUTE});
    service.run([&](Arrival arrival) {
        if (party.tried(
                "NtAlpcImpersonateClientOfPort",
                api().NtAlpcImpersonateClientOfPort(arrival.server.get(), arrival.message.get(), ULONG{0})))
            conformance::lpc::revert();
        give_back(party, arrival);
    });
}

void attach_contexts(Party& party) {
    Port port;
    connect_to_service(party, port, port_attributes(ALPC_PORFLG_ALLOW_IMPERSONATION));
    ALPC_SECURITY_ATTR context{};
    SECURITY_QUALITY_OF_SERVICE quality = port_attributes().SecurityQos;
    quality.ContextTrackingMode = SECURITY_STATIC_TRACKING;
    quality.EffectiveOnly = FALSE;
    context.QoS = &quality;
    party.call("NtAlpcCreateSecurityContext",
               api().NtAlpcCreateSecurityContext(port.get(), ULONG{0}, &context));
    Attributes attributes(ALPC_MESSAGE_SECURITY_ATTRIBUTE);
    attributes.security() = context;
    attributes.set_valid(ALPC_MESSAGE_SECURITY_ATTRIBUTE);
    Message<> question("with a context"), reply;
    party.call("request with a context", request(port, question, reply, attributes.get()));
    party.call("NtAlpcRevokeSecurityContext",
               api().NtAlpcRevokeSecurityContext(port.get(), ULONG{0}, context.ContextHandle));
    party.call("NtAlpcDeleteSecurityContext",
               api().NtAlpcDeleteSecurityContext(port.get(), ULONG{0}, context.ContextHandle));
    ask(party, port, "without one");
    party.call("NtClose", port.close());
}

// ---- Questions ----

void ask_about_senders(Party& party) {
    AlpcService service(party);
    service.run([&](Arrival arrival) {
        OBJECT_ATTRIBUTES empty{};
        empty.Length = sizeof(empty);
        Port process;
        constexpr ACCESS_MASK query_limited = 0x1000;
        party.tried("NtAlpcOpenSenderProcess",
                    api().NtAlpcOpenSenderProcess(process.put(), arrival.listener.get(),
                                                  arrival.message.get(), 0u, query_limited, &empty));
        give_back(party, arrival);
    });
}

void ask_about_ports(Party& party) {
    Port port;
    connect_to_service(party, port);
    ALPC_BASIC_INFORMATION basic{};
    party.call("AlpcBasicInformation",
               api().NtAlpcQueryInformation(port.get(), AlpcBasicInformation, static_cast<PVOID>(&basic),
                                            ULONG{sizeof(basic)}, PULONG{}));
    std::array<std::byte, 512> buffer;
    ULONG length = 0;
    party.call("NtQueryObject",
               NtQueryObject(port.get(), ObjectNameInformation, buffer.data(), buffer.size(), &length));
    party.call("NtQuerySecurityObject", NtQuerySecurityObject(port.get(), OWNER_SECURITY_INFORMATION,
                                                              buffer.data(), buffer.size(), &length));
    Port duplicate;
    party.call("NtDuplicateObject", NtDuplicateObject(NtCurrentProcess(), port.get(), NtCurrentProcess(),
                                                      duplicate.put(), 0, 0, DUPLICATE_SAME_ACCESS));
    party.call("NtClose of a duplicate", duplicate.close());
    ask(party, port, "who am I?");
    party.call("NtClose", port.close());
}

// ---- Events ----

void serve_by_poll(Party& party) {
    Port listener, server;
    party.call("NtAlpcCreatePort", create(listener, party.port_name()));
    int descriptor = -1;
    party.call("NtalpcOpenPortEvent", NtalpcOpenPortEvent(listener.get(), &descriptor));
    const UniqueFd event(descriptor);
    party.announce();
    for (;;) {
        pollfd ready = {event.get(), POLLIN, 0};
        if (poll(&ready, 1, -1) < 0) continue;
        Message<> message;
        const NTSTATUS status = conformance::receive(listener, message, nullptr, conformance::at_once);
        if (status == STATUS_TIMEOUT) continue;
        party.call("receive after poll", status);
        if (message.kind() == LPC_CONNECTION_REQUEST) {
            if (message.data() == kOver) return void(refuse(listener, message.get()));
            if (!party.tried("NtAlpcAcceptConnectPort", accept(server, listener, message.get())))
                refuse(listener, message.get());
        } else if (message.kind() == LPC_REQUEST) {
            party.tried("reply", answer(listener, message, "reply"));
        }
    }
}

// The event of a message is set when the message has been processed, or never can be.
void send_with_an_event(Party& party) {
    Port port;
    connect_to_service(party, port);
    Port event;
    party.call("NtCreateEvent", NtCreateEvent(event.put(), 0, nullptr, NotificationEvent, FALSE));
    Attributes attributes(ALPC_MESSAGE_DIRECT_ATTRIBUTE);
    void* const direct =
        api().AlpcGetMessageAttribute(attributes.get(), ULONG{ALPC_MESSAGE_DIRECT_ATTRIBUTE});
    static_cast<ALPC_DIRECT_ATTR*>(direct)->EventHandle = event.get();
    attributes.set_valid(ALPC_MESSAGE_DIRECT_ATTRIBUTE);
    Message<> datagram("datagram");
    party.call("datagram with an event", send(port, datagram.get(), kRelease, attributes.get()));
    party.call("NtWaitForSingleObject", NtWaitForSingleObject(event.get(), FALSE, nullptr));
    ask(party, port, "question");
    party.call("NtClose", port.close());
}

// ---- Event pairs: two who take turns. The state is in memory that both have ----

constexpr int kTurns = 4;
constexpr ACCESS_MASK kAllAccess = STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE;

void begin_with_the_low_event(Party& party) {
    Name name(party.port_name());
    OBJECT_ATTRIBUTES attributes = name.attributes();
    Port pair;
    party.call("NtCreateEventPair", NtCreateEventPair(pair.put(), kAllAccess, &attributes));
    party.announce();
    for (int i = 0; i < kTurns; ++i) {
        NTSTATUS status = STATUS_SUCCESS;
        party.critical_if(i == 1, [&] { status = NtSetLowWaitHighEventPair(pair.get()); });
        party.call("NtSetLowWaitHighEventPair", status);
    }
    party.call("NtClose", pair.close());
}

void wait_for_the_low_event(Party& party) {
    party.wait_for(0);
    Name name(party.port_name());
    OBJECT_ATTRIBUTES attributes = name.attributes();
    Port pair;
    party.call("NtOpenEventPair", NtOpenEventPair(pair.put(), kAllAccess, &attributes));
    for (int i = 0; i < kTurns; ++i) {
        NTSTATUS status = STATUS_SUCCESS;
        party.critical_if(i == 1, [&] { status = NtWaitLowEventPair(pair.get()); });
        party.call("NtWaitLowEventPair", status);
        party.critical_if(i == 1, [&] { status = NtSetHighEventPair(pair.get()); });
        party.call("NtSetHighEventPair", status);
    }
    party.call("NtClose", pair.close());
}

}  // namespace

std::vector<Conversation> object_conversations() {
    return {
        {"handles", {{"service", take_handles, Service::alpc}, {"client", send_handles}}, other_ended()},
        {"many-handles",
         {{"service", take_many_handles, Service::alpc}, {"client", send_many_handles}},
         other_ended()},
        {"security",
         {{"service", act_as_clients, Service::alpc}, {"client", attach_contexts}},
         other_ended()},
        {"questions",
         {{"service", ask_about_senders, Service::alpc}, {"client", ask_about_ports}},
         other_ended()},
        {"port-event",
         {{"service", serve_by_poll, Service::alpc}, {"client", send_with_an_event}},
         other_ended()},
        {"event-pair",
         {{"low", begin_with_the_low_event, Service::event_pair},
          {"high", wait_for_the_low_event, Service::event_pair}},
         {STATUS_PORT_DISCONNECTED, STATUS_OBJECT_NAME_NOT_FOUND}},
    };
}

}  // namespace ntalpc::faults
