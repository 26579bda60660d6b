// SPDX-License-Identifier: LGPL-2.1-or-later
// Conversations that somebody looks at: a recorder of traces, and a tool that describes the present.
#include "client/server_client.h"
#include "conformance/faults/client.h"
#include "conformance/faults/tables.h"
#include "ntalpc/inspection.h"
#include "ntalpc/server_location.h"
#include "ntalpc/status.h"

namespace ntalpc::faults {

namespace {

constexpr std::size_t kClient = 1, kRecorder = 2;

void serve_under_watch(Party& party) {
    party.wait_for(kRecorder);
    answer_requests(party);
}

void be_watched(Party& party) {
    Port port;
    connect_to_service(party, port);
    for (int i = 0; i < 4; ++i) ask(party, port, "question");
    party.call("NtClose", port.close());
    party.announce();
}

// What tools say when the server has gone is a sentence instead of a status.
template <class Function>
void use_server(Party& party, const char* name, Function function) {
    NTSTATUS status = STATUS_SUCCESS;
    try {
        function();
    } catch (const ServerError&) {
        status = STATUS_PORT_DISCONNECTED;
    }
    party.call(name, status);
}

void record(Party& party) {
    // A tool starts no server, but one that makes calls does.
    Port own;
    party.call("NtAlpcCreatePort", create(own, party.port_name("-recorder")));
    std::unique_ptr<ServerClient> client;
    use_server(party, "trace_start", [&] {
        client = std::make_unique<ServerClient>(server_directory(prefix_from_environment()));
        wire::TraceStart::Request request;
        request.payload_limit = 100;
        client->call<wire::TraceStart>(request);
    });
    party.announce();
    party.wait_for(kClient);
    use_server(party, "trace_read", [&] {
        wire::TraceRead::ReplyBlobs blobs;
        client->call<wire::TraceRead>({}, {}, &blobs);
        party.require("something was recorded", !blobs.data.empty());
    });
    use_server(party, "inspect", [&] {
        wire::Inspect::Request request;
        request.what = ~0U;
        client->call<wire::Inspect>(request);
    });
}

}  // namespace

std::vector<Conversation> recording_conversations() {
    return {
        {"recording",
         {{"service", serve_under_watch, Service::alpc}, {"client", be_watched}, {"recorder", record}},
         other_ended()},
    };
}

}  // namespace ntalpc::faults
