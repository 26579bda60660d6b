// SPDX-License-Identifier: LGPL-2.1-or-later
// Handles in messages: what arrives, for each type of object, each way to carry it and each way to take it.
#include "conformance/harness/passing.h"
#include "conformance/harness/thread.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;

// Sends one object of a type, takes it and proves that it is the same one.
void pass_object(ObjectKind kind) {
    const Port object = make_object(kind);
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_one));
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, object.get(), received));
    const Port taken = received.take();
    EXPECT_EQ(received.attributes.handle().ObjectType, type_code(kind));
    EXPECT_TRUE(is_same_object(kind, object.get(), taken.get()));
    EXPECT_STATUS(STATUS_SUCCESS, give_back(connection.listener, received.message));
}

ALPC_TEST(Handles, FileWithARequest, "H01", "P4W advanced output", high) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_one));
    Passing passing(file.get());
    Message<> message("request");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0, passing.get()));
    Received received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_TRUE(received.has_handle());
    const Port taken = received.take();
    EXPECT_EQ(received.message.kind(), unsigned{LPC_REQUEST});
    EXPECT_EQ(received.attributes.handle().Flags, 0u);
    EXPECT_EQ(received.attributes.handle().ObjectType, ULONG{ALPC_PORFLG_OBJECT_TYPE_FILE});
    constexpr ACCESS_MASK file_read_and_write_data = 3;
    EXPECT_EQ(received.attributes.handle().DesiredAccess & file_read_and_write_data,
              file_read_and_write_data);
    EXPECT_TRUE(is_same_object(ObjectKind::file, file.get(), taken.get()));
}

ALPC_TEST(Handles, OnlyTheServersPortNeedsToAllowThem, "H01",
          "P4W (server 0, accept 0x80000, client 0x10000)", high) {
    const Port file = make_file();
    Connection connection;
    PairOptions options;
    options.server = port_attributes(takes_one);
    options.client = port_attributes(ALPC_PORFLG_ALLOW_IMPERSONATION);
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, file.get(), received));
    const Port taken = received.take();
    EXPECT_TRUE(is_same_object(ObjectKind::file, file.get(), taken.get()));
}

ALPC_TEST(Handles, TypeIsFilledIn, "H15", "P4W", high) {
    const Port section = make_object(ObjectKind::section);
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_one));
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, section.get(), received));
    const Port taken = received.take();
    EXPECT_EQ(received.attributes.handle().ObjectType, ULONG{ALPC_PORFLG_OBJECT_TYPE_SECTION});
}

ALPC_TEST(Handles, AFilePasses, "H01", "P4W, phnt (types)", high) {
    pass_object(ObjectKind::file);
}
ALPC_TEST(Handles, APipePasses, "3.2", "phnt (types)", medium) {
    pass_object(ObjectKind::pipe);
}
ALPC_TEST(Handles, AnEventPasses, "H05", "OVMM test_handle_passing", high) {
    pass_object(ObjectKind::event);
}
ALPC_TEST(Handles, ASemaphorePasses, "3.2", "phnt (types)", medium) {
    pass_object(ObjectKind::semaphore);
}
ALPC_TEST(Handles, AMutexPasses, "3.2", "phnt (types)", medium) {
    pass_object(ObjectKind::mutex);
}
ALPC_TEST(Handles, ASectionPasses, "3.2", "phnt (types)", medium) {
    pass_object(ObjectKind::section);
}
ALPC_TEST(Handles, AProcessPasses, "3.2", "phnt (types)", medium) {
    pass_object(ObjectKind::process);
}
ALPC_TEST(Handles, AThreadPasses, "3.2", "phnt (types)", medium) {
    pass_object(ObjectKind::thread);
}
ALPC_TEST(Handles, ATokenPasses, "3.2", "phnt (types)", medium) {
    pass_object(ObjectKind::token);
}
ALPC_TEST(Handles, AKeyPasses, "3.2", "phnt (types)", medium) {
    pass_object(ObjectKind::key);
}
ALPC_TEST(Handles, AJobPasses, "3.2", "phnt (types)", medium) {
    pass_object(ObjectKind::job);
}

ALPC_TEST(Handles, DatagramWithAHandleMustBeGivenBack, "H02", "OVMM test_handle_passing", high) {
    const Port object = make_object(ObjectKind::file);
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, object.get(), received));
    EXPECT_EQ(received.message.type(), unsigned{LPC_DATAGRAM | LPC_CONTINUATION_REQUIRED});
    EXPECT_EQ(received.attributes.handle().HandleCount, 1u);
}

ALPC_TEST(Handles, ReceiverOfManyIsToldTheForm, "H16", "ROST, SOGEN capture", medium) {
    const Port object = make_object(ObjectKind::file);
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, object.get(), received));
    EXPECT_TRUE(received.attributes.handle().Flags & ALPC_HANDLEFLG_INDIRECT);
}

ALPC_TEST(Handles, EachQueryMakesAHandle, "H03", "OVMM", high) {
    const Port object = make_object(ObjectKind::file);
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, object.get(), received));
    ALPC_MESSAGE_HANDLE_INFORMATION information;
    ASSERT_STATUS(STATUS_SUCCESS, query_handle(connection.listener, received.message, 0, &information));
    const Port taken(reinterpret_cast<HANDLE>(ULONG_PTR{information.Handle}));
    EXPECT_EQ(information.Index, 0u);
    EXPECT_EQ(information.ObjectType, ULONG{ALPC_PORFLG_OBJECT_TYPE_FILE});
    EXPECT_TRUE(is_same_object(ObjectKind::file, object.get(), taken.get()));
}

ALPC_TEST(Handles, TwoQueriesMakeTwoHandles, "H04", "OVMM", high) {
    const Port object = make_object(ObjectKind::file);
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, object.get(), received));
    Port first = fetch_handle(connection.listener, received.message, 0);
    Port second = fetch_handle(connection.listener, received.message, 0);
    EXPECT_NE(first.get(), second.get());
    EXPECT_STATUS(STATUS_SUCCESS, first.close());
    EXPECT_TRUE(is_same_object(ObjectKind::file, object.get(), second.get()));
}

ALPC_TEST(Handles, ServersPortAnswersQueriesToo, "H03", "OVMM, INF (either port of the server)", low) {
    const Port object = make_object(ObjectKind::file);
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, object.get(), received));
    const Port taken = fetch_handle(connection.server, received.message, 0);
    EXPECT_TRUE(is_same_object(ObjectKind::file, object.get(), taken.get()));
}

ALPC_TEST(Handles, ReceivedEventIsTheSendersEvent, "H05", "OVMM", high) {
    const Port event = make_object(ObjectKind::event);
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, event.get(), received));
    const Port taken = fetch_handle(connection.listener, received.message, 0);
    EXPECT_TRUE(is_same_object(ObjectKind::event, taken.get(), event.get()));
}

ALPC_TEST(Handles, GivingBackTellsTheSenderNothing, "H06", "OVMM mesh (inference)", medium) {
    const Port object = make_object(ObjectKind::file);
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, object.get(), received));
    EXPECT_STATUS(STATUS_SUCCESS, give_back(connection.listener, received.message));
    Received nothing;
    EXPECT_STATUS(STATUS_TIMEOUT,
                  receive(connection.client, nothing.message, nothing.attributes.get(), at_once));
    // And it is over.
    ALPC_MESSAGE_HANDLE_INFORMATION information;
    EXPECT_FAILURE(query_handle(connection.listener, received.message, 0, &information));
    EXPECT_STATUS(STATUS_INVALID_MESSAGE, give_back(connection.listener, received.message));
}

ALPC_TEST(Handles, TwoHandlesWithAnAccept, "H07", "TERM", high) {
    const Port first = make_object(ObjectKind::file), second = make_object(ObjectKind::section);
    const std::string name = port_name();
    const Port listener = create_port(name);
    auto accepting = Thread([&] {
        Message<> request;
        EXPECT_STATUS(STATUS_SUCCESS, receive(listener, request));
        Passing passing({first.get(), second.get()});
        Port server;
        EXPECT_STATUS(STATUS_SUCCESS,
                      api().NtAlpcAcceptConnectPort(server.put(), listener.get(), ULONG{0},
                                                    POBJECT_ATTRIBUTES{}, PALPC_PORT_ATTRIBUTES{}, PVOID{},
                                                    request.get(), passing.get(), BOOLEAN{TRUE}));
        return server.release();
    });
    Name target(name);
    ALPC_PORT_ATTRIBUTES attributes = port_attributes(takes_many);
    Port client;
    Received reply;
    reply.message.set_data("");
    reply.message.header() = {};
    reply.message.set_data("");
    SIZE_T length = reply.message.size();
    LARGE_INTEGER limit = relative(long_wait);
    ASSERT_STATUS(STATUS_SUCCESS, api().NtAlpcConnectPort(
                                      client.put(), target.get(), POBJECT_ATTRIBUTES{}, &attributes,
                                      ULONG{ALPC_MSGFLG_SYNC_REQUEST}, PSID{}, reply.message.get(), &length,
                                      PALPC_MESSAGE_ATTRIBUTES{}, reply.attributes.get(), &limit));
    const Port server(accepting.join());
    ASSERT_TRUE(reply.has_handle());
    EXPECT_EQ(reply.attributes.handle().HandleCount, 2u);
    const Port file = fetch_handle(client, reply.message, 0),
               section = fetch_handle(client, reply.message, 1);
    EXPECT_TRUE(is_same_object(ObjectKind::file, first.get(), file.get()));
    EXPECT_TRUE(is_same_object(ObjectKind::section, second.get(), section.get()));
    EXPECT_EQ(reply.message.type(), unsigned{LPC_INTERNAL_CONNECTION_REPLY | LPC_CONTINUATION_REQUIRED});
    EXPECT_STATUS(STATUS_SUCCESS, give_back(client, reply.message));
}

ALPC_TEST(Handles, HandleWithAConnectionRequest, "4.2", "alpc-semantics 4.2 (the rules of messages)",
          medium) {
    const Port file = make_file();
    const std::string name = port_name();
    const Port listener = create_port(name, port_attributes(takes_one));
    Name target(name);
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    Passing passing(file.get());
    Message<> hello("hello");
    Port client;
    ASSERT_STATUS(STATUS_SUCCESS,
                  api().NtAlpcConnectPort(client.put(), target.get(), POBJECT_ATTRIBUTES{}, &attributes,
                                          ULONG{0}, PSID{}, hello.get(), PSIZE_T{}, passing.get(),
                                          PALPC_MESSAGE_ATTRIBUTES{}, PLARGE_INTEGER{}));
    Received request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    EXPECT_EQ(request.message.kind(), unsigned{LPC_CONNECTION_REQUEST});
    ASSERT_TRUE(request.has_handle());
    const Port taken = request.take();
    EXPECT_TRUE(is_same_object(ObjectKind::file, file.get(), taken.get()));
}

ALPC_TEST(Handles, ReplyWithAHandleMustBeGivenBack, "5.5", "PHNT constant, P0 (RPC client releases them)",
          low) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_one));
    Message<> question("?");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, question.get(), 0));
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, request));
    auto answer = Message<>::answer(request, "!");
    Passing passing(file.get());
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.listener, answer.get(), release, passing.get()));
    Received reply;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.client, reply));
    ASSERT_TRUE(reply.has_handle());
    const Port taken = reply.take();
    EXPECT_EQ(reply.message.type(), unsigned{LPC_REPLY | LPC_CONTINUATION_REQUIRED});
    EXPECT_TRUE(is_same_object(ObjectKind::file, file.get(), taken.get()));
    EXPECT_STATUS(STATUS_SUCCESS, give_back(connection.client, reply.message));
}

ALPC_TEST(Handles, GivingBackTheMessageItself, "5.6", "P0 (RPC client: flags 0, handle attribute of zeros)",
          medium) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, file.get(), received));
    Passing nothing;
    EXPECT_STATUS(STATUS_SUCCESS, send(connection.listener, received.message.get(), 0, nothing.get()));
    EXPECT_STATUS(STATUS_INVALID_MESSAGE, give_back(connection.listener, received.message));
}

ALPC_TEST(Handles, CancelingGivesBack, "5.6", "UA (datagrams)", medium) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, file.get(), received));
    EXPECT_STATUS(STATUS_SUCCESS, api().NtAlpcCancelMessage(connection.listener.get(), ULONG{0},
                                                            &received.attributes.context()));
    EXPECT_STATUS(STATUS_INVALID_MESSAGE, give_back(connection.listener, received.message));
    Received nothing;
    EXPECT_STATUS(STATUS_TIMEOUT, receive(connection.client, nothing.message, nullptr, at_once));
}

ALPC_TEST(Handles, ManyHandlesKeepTheirOrder, "3.5", "PHNT (512), OVMM (array for two or more)", medium) {
    constexpr ULONG count = ALPC_INDIRECT_HANDLE_MAX;
    std::vector<Port> objects;
    std::vector<HANDLE> handles;
    for (ULONG i = 0; i < 4; ++i) objects.push_back(make_file());
    for (ULONG i = 0; i < count; ++i) handles.push_back(objects[i % objects.size()].get());
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Passing passing(handles);
    Message<> message("many");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release, passing.get()));
    Received received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_EQ(received.attributes.handle().HandleCount, count);
    for (const ULONG index : {0u, 1u, 2u, 3u, 255u, 511u}) {
        const Port taken = fetch_handle(connection.listener, received.message, index);
        EXPECT_TRUE(is_same_object(ObjectKind::file, handles[index], taken.get())) << index;
    }
    ALPC_MESSAGE_HANDLE_INFORMATION information;
    EXPECT_STATUS(STATUS_INVALID_HANDLE,
                  query_handle(connection.listener, received.message, count, &information));
}

ALPC_TEST(Handles, APortPasses, "11", "INF (OVMM says that Windows passes no ports; here they do)", low) {
    Connection connection, other;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_one));
    const std::string name = port_name("-other");
    other.listener = create_port(name);
    ASSERT_STATUS(STATUS_SUCCESS, connect(other.client, name));
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(other.listener, request));
    ASSERT_STATUS(STATUS_SUCCESS, accept(other.server, other.listener, request.get()));
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, other.client.get(), received));
    const Port taken = received.take();
    EXPECT_STATUS(STATUS_SUCCESS, other.client.close());
    Message<> message("through the other handle");
    EXPECT_STATUS(STATUS_SUCCESS, send(taken, message.get(), release));
    Message<> arrived;
    EXPECT_STATUS(STATUS_SUCCESS, receive(other.listener, arrived));
    EXPECT_EQ(arrived.data(), "through the other handle");
}

}  // namespace
}  // namespace ntalpc::conformance
