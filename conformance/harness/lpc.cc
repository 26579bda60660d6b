// SPDX-License-Identifier: LGPL-2.1-or-later
// The legacy calls for tests, see lpc.h.
#include "conformance/harness/lpc.h"

#include <cstring>

namespace ntalpc::conformance::lpc {

NTSTATUS create(HANDLE* port, const std::string& name, const CreateOptions& options) {
    Name port_name(name);
    OBJECT_ATTRIBUTES attributes = port_name.attributes(options.root);
    attributes.Attributes = options.attributes;
    const auto& call = options.waitable ? api().NtCreateWaitablePort : api().NtCreatePort;
    return call(port, &attributes, options.max_information, options.max_message, options.max_pool);
}

Port create_port(const std::string& name, const CreateOptions& options) {
    Port port;
    EXPECT_STATUS(STATUS_SUCCESS, create(port.put(), name, options));
    return port;
}

SECURITY_QUALITY_OF_SERVICE quality_of_service() {
    return port_attributes().SecurityQos;
}

NTSTATUS connect(HANDLE* client, const std::string& name, const ConnectOptions& options) {
    Name port_name(name);
    SECURITY_QUALITY_OF_SERVICE quality = options.quality;
    if (options.server_sid) {
        return api().NtSecureConnectPort(client, port_name.get(), &quality, options.client_view,
                                         options.server_sid, options.server_view, options.max_message,
                                         options.information, options.information_length);
    }
    return api().NtConnectPort(client, port_name.get(), &quality, options.client_view, options.server_view,
                               options.max_message, options.information, options.information_length);
}

NTSTATUS accept(Port& server, Message& request, const AcceptOptions& options) {
    return api().NtAcceptConnectPort(server.put(), options.context, request.get(), BOOLEAN{TRUE},
                                     options.server_view, options.client_view);
}

NTSTATUS complete(const Port& server) {
    return api().NtCompleteConnectPort(server.get());
}

NTSTATUS refuse(Message& request) {
    HANDLE unused = nullptr;
    return api().NtAcceptConnectPort(&unused, PVOID{}, request.get(), BOOLEAN{FALSE}, PPORT_VIEW{},
                                     PREMOTE_PORT_VIEW{});
}

NTSTATUS send_datagram(const Port& port, Message& message) {
    return api().NtRequestPort(port.get(), message.get());
}

NTSTATUS request(const Port& port, Message& message, Message& answer) {
    return api().NtRequestWaitReplyPort(port.get(), message.get(), answer.get());
}

NTSTATUS reply(const Port& port, Message& message) {
    return api().NtReplyPort(port.get(), message.get());
}

NTSTATUS reply_and_wait(const Port& port, Message& message) {
    return api().NtReplyWaitReplyPort(port.get(), message.get());
}

NTSTATUS receive(const Port& port, Message& message, PVOID* context, std::chrono::milliseconds timeout) {
    LARGE_INTEGER limit = relative(timeout);
    return api().NtReplyWaitReceivePortEx(port.get(), context, PPORT_MESSAGE{}, message.get(), &limit);
}

NTSTATUS reply_and_receive(const Port& port, Message& answer, Message& message, PVOID* context,
                           std::chrono::milliseconds timeout) {
    LARGE_INTEGER limit = relative(timeout);
    return api().NtReplyWaitReceivePortEx(port.get(), context, answer.get(), message.get(), &limit);
}

Message answer_to(const Message& received, std::string_view data) {
    Message answer = received;
    answer.set_data(data);
    return answer;
}

void add_client(const Port& listener, const std::string& name, Port& server, Port& client, PVOID context,
                const ConnectOptions& options) {
    auto connecting = connect_in_thread(name, options);
    Message message;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, message));
    ASSERT_EQ(message.type(), unsigned{LPC_CONNECTION_REQUEST});
    ASSERT_STATUS(STATUS_SUCCESS, accept(server, message, {.context = context}));
    ASSERT_STATUS(STATUS_SUCCESS, complete(server));
    const ConnectResult result = connecting.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    client = Port(result.port);
}

void make_connection(Connection& connection, const CreateOptions& options) {
    const std::string name = port_name();
    connection.listener = create_port(name, options);
    add_client(connection.listener, name, connection.server, connection.client);
}

PORT_VIEW view_of(const Section& section, SIZE_T size) {
    PORT_VIEW view{};
    view.Length = sizeof(view);
    view.SectionHandle = section.get();
    view.ViewSize = size;
    return view;
}

REMOTE_PORT_VIEW empty_view() {
    REMOTE_PORT_VIEW view{};
    view.Length = sizeof(view);
    return view;
}

LONGLONG time_in(Message& notice) {
    const std::string data = notice.data();
    LONGLONG time = 0;
    std::memcpy(&time, data.data(), std::min(data.size(), sizeof(time)));
    return time;
}

Server::Server(const Port& listener, int clients, Handler handler)
    : thread_(Loop{listener, clients, handler}) {}

std::map<unsigned, int> Server::Loop::operator()() const {
    std::map<unsigned, int> counts;
    int gone = 0;
    while (gone < clients) {
        Message message;
        PVOID context = nullptr;
        const NTSTATUS status = receive(listener, message, &context);
        EXPECT_STATUS(STATUS_SUCCESS, status);
        if (status != STATUS_SUCCESS) break;
        ++counts[message.type()];
        if (message.type() == LPC_CONNECTION_REQUEST) {
            // The context must be usable before accept returns: the client's first message may be quicker.
            auto server = std::make_unique<Port>();
            EXPECT_STATUS(STATUS_SUCCESS, accept(*server, message, {.context = server.get()}));
            EXPECT_STATUS(STATUS_SUCCESS, complete(*server));
            server.release();  // until its client closes
        } else if (message.type() == LPC_REQUEST) {
            Message answer = answer_to(message, handler(message.data()));
            EXPECT_STATUS(STATUS_SUCCESS, reply(listener, answer));
        } else if (message.type() == LPC_PORT_CLOSED) {
            const std::unique_ptr<Port> server(static_cast<Port*>(context));
            ++gone;
        }
    }
    return counts;
}

}  // namespace ntalpc::conformance::lpc
