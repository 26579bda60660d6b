// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests that a test sends in a second thread, so that the test itself is the server, and requests that the
// server has received.
#pragma once

#include "conformance/harness/ports.h"
#include "conformance/harness/thread.h"

namespace ntalpc::conformance {

// What a synchronous request came back with.
struct RequestResult {
    NTSTATUS status = STATUS_UNSUCCESSFUL;
    Message<> answer;
};

inline auto request_in_thread(const Port& client, std::string_view data,
                              std::chrono::milliseconds timeout = long_wait) {
    return Thread([&client, data = std::string(data), timeout] {
        RequestResult result;
        Message<> message(data);
        result.status = request(client, message, result.answer, timeout);
        return result;
    });
}

// A synchronous connect with room for the attributes of the answer.
inline auto connect_in_thread(const std::string& name, Port& client, Attributes& attributes) {
    return Thread([name, &client, &attributes] {
        Name path(name);
        ALPC_PORT_ATTRIBUTES port = port_attributes();
        LARGE_INTEGER limit = relative(long_wait);
        return api().NtAlpcConnectPort(client.put(), path.get(), POBJECT_ATTRIBUTES{}, &port,
                                       ULONG{ALPC_MSGFLG_SYNC_REQUEST}, PSID{}, PPORT_MESSAGE{}, PSIZE_T{},
                                       PALPC_MESSAGE_ATTRIBUTES{}, attributes.get(), &limit);
    });
}

// A connection whose client has sent a request that the server has received and not answered.
struct Asked {
    Connection connection;
    Message<> received;
};

inline void ask(Asked& asked, ULONG flags = 0) {
    ASSERT_NO_FATAL_FAILURE(make_connection(asked.connection));
    Message<> message("request");
    ASSERT_STATUS(STATUS_SUCCESS, send(asked.connection.client, message.get(), flags));
    ASSERT_STATUS(STATUS_SUCCESS, receive(asked.connection.listener, asked.received));
}

// The final answer to a request.
inline NTSTATUS send_answer(const Port& port, Message<>& request, std::string_view data,
                            ULONG flags = ALPC_MSGFLG_RELEASE_MESSAGE) {
    auto reply = Message<>::answer(request, data);
    return send(port, reply.get(), flags);
}

}  // namespace ntalpc::conformance
