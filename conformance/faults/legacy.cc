// SPDX-License-Identifier: LGPL-2.1-or-later
// Conversations of the legacy calls: sections at connect, data of a waiting client, callbacks.
#include <cstddef>
#include <cstring>
#include <map>

#include "conformance/faults/client.h"
#include "conformance/faults/tables.h"
#include "conformance/harness/lpc.h"
#include "ntalpc/status.h"

namespace ntalpc::faults {

namespace {

namespace lpc = conformance::lpc;

constexpr SIZE_T kViewSize = 0x10000;

NTSTATUS receive(const Port& port, lpc::Message& message, PVOID* context) {
    return api().NtReplyWaitReceivePort(port.get(), context, PPORT_MESSAGE{}, message.get());
}

// ---- The serving side ----

class LpcService {
  public:
    // `handle` is given each request and the end of the connection that it came over.
    LpcService(Party& party, void (*handle)(Party&, const Port&, lpc::Message&), bool offers_memory)
        : party_(party), handle_(handle), offers_memory_(offers_memory) {
        party_.call("NtCreatePort", lpc::create(listener_.put(), party_.port_name()));
        party_.announce();
    }
    void run() {
        for (;;) {
            lpc::Message message;
            PVOID context = nullptr;
            party_.call("receive of the service", receive(listener_, message, &context));
            const auto found = connections_.find(reinterpret_cast<ULONG_PTR>(context));
            if (message.type() == LPC_CONNECTION_REQUEST) {
                if (accept_or_refuse(message)) return;
            } else if (message.type() == LPC_REQUEST) {
                party_.require("a request has the context of a connection", found != connections_.end());
                handle_(party_, found->second, message);
            } else if (message.type() == LPC_PORT_CLOSED && found != connections_.end()) {
                connections_.erase(found);
            }
        }
    }

  private:
    // True when it is over.
    bool accept_or_refuse(lpc::Message& message) {
        if (message.data() == kOver) {
            lpc::refuse(message);
            return true;
        }
        Port server;
        PORT_VIEW own{};
        REMOTE_PORT_VIEW of_client = lpc::empty_view();
        Port memory;
        if (offers_memory_) {
            LARGE_INTEGER size;
            size.QuadPart = kViewSize;
            party_.call("NtCreateSection", NtCreateSection(memory.put(), 0, nullptr, &size, 0, 0, nullptr));
            own.Length = sizeof(own);
            own.SectionHandle = memory.get();
            own.ViewSize = kViewSize;
        }
        if (!party_.tried("NtAcceptConnectPort",
                          lpc::accept(server, message,
                                      {.context = reinterpret_cast<PVOID>(++last_context_),
                                       .server_view = offers_memory_ ? &own : nullptr,
                                       .client_view = &of_client}))) {
            lpc::refuse(message);  // or a client that lives would wait for ever
            return false;
        }
        if (party_.tried("NtCompleteConnectPort", lpc::complete(server)))
            connections_.emplace(last_context_, std::move(server));
        return false;
    }

    Party& party_;
    void (*const handle_)(Party&, const Port&, lpc::Message&);
    const bool offers_memory_;
    Port listener_;
    std::map<ULONG_PTR, Port> connections_;
    ULONG_PTR last_context_ = 0;
};

void reply(Party& party, const Port& port, lpc::Message& request, std::string_view data = "reply") {
    lpc::Message answer = lpc::answer_to(request, data);
    party.tried("NtReplyPort", lpc::reply(port, answer));
}

void serve_with_memory(Party& party) {
    LpcService(
        party, [](Party& self, const Port& port, lpc::Message& request) { reply(self, port, request); }, true)
        .run();
}

void copy_data_of_clients(Party& party, const Port& port, lpc::Message& request) {
    std::array<char, 64> data{};
    SIZE_T moved = 0;
    if (party.tried("NtReadRequestData", api().NtReadRequestData(port.get(), request.get(), ULONG{0},
                                                                 data.data(), SIZE_T{data.size()}, &moved)))
        party.tried("NtWriteRequestData", api().NtWriteRequestData(port.get(), request.get(), ULONG{0},
                                                                   data.data(), SIZE_T{data.size()}, &moved));
    reply(party, port, request);
}

void serve_with_data(Party& party) {
    LpcService(party, copy_data_of_clients, false).run();
}

void call_back(Party& party, const Port& port, lpc::Message& request) {
    for (int i = 0; i < 2; ++i) {
        lpc::Message question = lpc::answer_to(request, "question"), answer;
        if (!party.tried("callback", lpc::request(port, question, answer))) break;
    }
    reply(party, port, request);
}

void serve_with_callbacks(Party& party) {
    LpcService(party, call_back, false).run();
}

// ---- The clients ----

void connect(Party& party, Port& port, const lpc::ConnectOptions& options = {}) {
    party.wait_for(0);
    party.call("NtConnectPort", lpc::connect(port.put(), party.port_name(), options));
}

void ask_beside_memory(Party& party) {
    party.wait_for(0);
    Port memory, port;
    LARGE_INTEGER size;
    size.QuadPart = kViewSize;
    party.call("NtCreateSection", NtCreateSection(memory.put(), 0, nullptr, &size, 0, 0, nullptr));
    PORT_VIEW own{};
    own.Length = sizeof(own);
    own.SectionHandle = memory.get();
    own.ViewSize = kViewSize;
    REMOTE_PORT_VIEW of_server = lpc::empty_view();
    connect(party, port, {.client_view = &own, .server_view = &of_server});
    std::memset(own.ViewBase, 1, kViewSize);
    // A client is connected also when it could not map what the server offers.
    if (!of_server.ViewBase) party.call("view of the server", STATUS_NO_MEMORY);
    std::memset(of_server.ViewBase, 2, kViewSize);
    party.call("NtRegisterThreadTerminatePort", api().NtRegisterThreadTerminatePort(port.get()));
    lpc::Message datagram("datagram"), question("question"), answer;
    party.call("NtRequestPort", lpc::send_datagram(port, datagram));
    party.call("NtRequestWaitReplyPort", lpc::request(port, question, answer));
    party.require("the reply is the one to the request", answer.data() == "reply");
    party.call("NtClose", port.close());
}

void offer_data(Party& party) {
    Port port;
    connect(party, port);
    std::array<char, 64> data{};
    struct {
        ULONG count;
        PORT_DATA_ENTRY entry;
    } table = {1, {data.data(), static_cast<ULONG>(data.size())}};
    static_assert(offsetof(decltype(table), entry) == offsetof(PORT_DATA_INFORMATION, DataEntries));
    for (int i = 0; i < 2; ++i) {
        lpc::Message question(std::string_view(reinterpret_cast<const char*>(&table), sizeof(table))), answer;
        question.header().u2.s2.DataInfoOffset = static_cast<SHORT>(header_size);
        party.call("NtRequestWaitReplyPort with data", lpc::request(port, question, answer));
    }
    party.call("NtClose", port.close());
}

void answer_callbacks(Party& party) {
    Port port;
    connect(party, port);
    lpc::Message question("question"), message;
    party.call("NtRequestWaitReplyPort", lpc::request(port, question, message));
    while (message.type() == LPC_REQUEST) {
        message = lpc::answer_to(message, "answer");
        party.call("NtReplyWaitReplyPort", lpc::reply_and_wait(port, message));
    }
    party.require("the reply comes after the callbacks", message.data() == "reply");
    party.call("NtClose", port.close());
}

}  // namespace

std::vector<Conversation> legacy_conversations() {
    // Who waits for an answer is told so when the answer is lost, and who looks at a request that has gone,
    // too.
    std::vector<NTSTATUS> ended = other_ended();
    ended.insert(ended.end(), {STATUS_LPC_REPLY_LOST, STATUS_REPLY_MESSAGE_MISMATCH, STATUS_INVALID_CID});
    return {
        {"lpc", {{"service", serve_with_memory, Service::lpc}, {"client", ask_beside_memory}}, ended},
        {"lpc-data", {{"service", serve_with_data, Service::lpc}, {"client", offer_data}}, ended},
        {"lpc-callbacks",
         {{"service", serve_with_callbacks, Service::lpc}, {"client", answer_callbacks}},
         ended},
    };
}

}  // namespace ntalpc::faults
