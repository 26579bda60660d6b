// SPDX-License-Identifier: LGPL-2.1-or-later
// Connecting, and accepting or refusing a connection.
#include "conformance/harness/ports.h"
#include "conformance/harness/thread.h"

namespace ntalpc::conformance {
namespace {

constexpr const char* missing_name = "\\RPC Control\\ntalpc-test-nobody-listens-here";
PVOID const some_context = reinterpret_cast<PVOID>(ULONG_PTR{0xBADF00D});

// A listener, and the asynchronous connection of a client up to where the server has the request in its
// hands.
struct Pending {
    Port listener;
    Port client;
    Message<> request;
};

void make_pending(Pending& pending, std::string_view data = {}) {
    const std::string name = port_name();
    pending.listener = create_port(name);
    Message<> message(data);
    SIZE_T length = message.size();
    ASSERT_STATUS(STATUS_SUCCESS, connect(pending.client, name, message.get(), &length));
    ASSERT_STATUS(STATUS_SUCCESS, receive(pending.listener, pending.request));
    ASSERT_EQ(pending.request.kind(), unsigned{LPC_CONNECTION_REQUEST});
}

// What a synchronous connect came back with.
struct ConnectResult {
    NTSTATUS status = STATUS_UNSUCCESSFUL;
    Port client;
    Message<> message;
    SIZE_T length = 0;
};

// Connects in a second thread, so that the test itself is the server.
auto connect_in_thread(const std::string& name, std::string_view data, SIZE_T capacity = Message<>::size()) {
    return Thread([name, data = std::string(data), capacity] {
        ConnectResult result;
        result.message = Message<>(data);
        result.length = capacity;
        ConnectOptions how;
        how.flags = ALPC_MSGFLG_SYNC_REQUEST;
        result.status = connect(result.client, name, result.message.get(), &result.length, how);
        return result;
    });
}

ALPC_TEST(Connect, NameThatDoesNotExist, "N01", "ROST, object manager", high) {
    for (const ULONG flags : {ULONG{0}, ULONG{ALPC_MSGFLG_SYNC_REQUEST}}) {
        Port client;
        ConnectOptions how;
        how.flags = flags;
        EXPECT_STATUS(STATUS_OBJECT_NAME_NOT_FOUND, connect(client, missing_name, nullptr, nullptr, how));
        EXPECT_EQ(client.get(), nullptr);
    }
}

ALPC_TEST(Connect, AsynchronousConnectReturnsBeforeTheServerDecides, "N02", "OVMM, IPCB, LDOS, DWU", high) {
    const std::string name = port_name();
    Port listener = create_port(name);
    Port client;
    EXPECT_STATUS(STATUS_SUCCESS, connect(client, name));
    EXPECT_NE(client.get(), nullptr);
}

ALPC_TEST(Connect, AsynchronousConnectLeavesTheBufferAlone, "6.2", "WineFork", medium) {
    const std::string name = port_name();
    Port listener = create_port(name);
    Port client;
    Message<> message("hello");
    SIZE_T length = message.size();
    ASSERT_STATUS(STATUS_SUCCESS, connect(client, name, message.get(), &length));
    EXPECT_EQ(length, message.size());
    EXPECT_EQ(message.data(), "hello");
    EXPECT_EQ(message.id(), 0u);
}

ALPC_TEST(Connect, ServerReceivesAConnectionRequest, "N03", "CTF, OVMM", high) {
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending));
    if (sizeof(void*) == 8)
        EXPECT_EQ(pending.request.type(), 0x200Au);
    else
        EXPECT_EQ(pending.request.type(), 0x300Au);  // N04
    EXPECT_EQ(pending.request.header().ClientId.UniqueProcess, current_process_id());
    EXPECT_EQ(pending.request.header().ClientId.UniqueThread, current_thread_id());
}

ALPC_TEST(Connect, RequestWithoutAMessageIsAHeader, "N05", "P4W, OVMM", high) {
    const std::string name = port_name();
    Port listener = create_port(name), client;
    ASSERT_STATUS(STATUS_SUCCESS, connect(client, name));
    Message<0> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    EXPECT_EQ(request.kind(), unsigned{LPC_CONNECTION_REQUEST});
    EXPECT_EQ(request.data_length(), 0u);
    EXPECT_EQ(request.total_length(), header_size);
}

ALPC_TEST(Connect, RequestCarriesTheClientsData, "N06", "CTF", high) {
    const std::string data("twenty-four bytes of it.");
    ASSERT_EQ(data.size(), 0x18u);
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending, data));
    EXPECT_EQ(pending.request.data_length(), 0x18u);
    EXPECT_EQ(pending.request.total_length(), 0x18 + header_size);
    EXPECT_EQ(pending.request.data(), data);
}

ALPC_TEST(Connect, RequestHasBothIds, "N07", "CTF", high) {
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending));
    EXPECT_NE(pending.request.id(), 0u);
    EXPECT_NE(pending.request.callback_id(), 0u);
}

ALPC_TEST(Connect, AsynchronousClientReceivesTheReply, "N09", "OVMM test_connect, test_port_context", high) {
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending));
    Port server;
    auto answer = Message<>::answer(pending.request, "welcome");
    ASSERT_STATUS(STATUS_SUCCESS, accept(server, pending.listener, answer.get()));
    Message<> reply;
    ASSERT_STATUS(STATUS_SUCCESS, receive(pending.client, reply));
    EXPECT_EQ(reply.kind(), unsigned{LPC_INTERNAL_CONNECTION_REPLY});
    EXPECT_EQ(reply.data(), "welcome");
    EXPECT_EQ(reply.header().ClientId.UniqueProcess, current_process_id());
}

ALPC_TEST(Connect, PlainReplyOwesNothing, "N10", "ROST", low) {
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending));
    Port server;
    ASSERT_STATUS(STATUS_SUCCESS, accept(server, pending.listener, pending.request.get()));
    Message<> reply;
    ASSERT_STATUS(STATUS_SUCCESS, receive(pending.client, reply));
    EXPECT_EQ(reply.type(), unsigned{LPC_INTERNAL_CONNECTION_REPLY});
}

ALPC_TEST(Connect, SynchronousConnectReturnsTheReply, "N11", "P4W", high) {
    const std::string name = port_name();
    Port listener = create_port(name), server;
    auto client = connect_in_thread(name, "Connection request client message");
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    EXPECT_EQ(request.data(), "Connection request client message");
    auto answer = Message<>::answer(request, "Connection message response");
    ASSERT_STATUS(STATUS_SUCCESS, accept(server, listener, answer.get()));
    ConnectResult result = client.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.message.data(), "Connection message response");
    EXPECT_EQ(result.message.kind(), unsigned{LPC_INTERNAL_CONNECTION_REPLY});
    EXPECT_EQ(result.message.header().ClientId.UniqueProcess, current_process_id());
    EXPECT_EQ(result.message.header().ClientId.UniqueThread, current_thread_id());
}

ALPC_TEST(Connect, SynchronousConnectTellsTheReplysLength, "N12", "PHNT, ROST", medium) {
    const std::string name = port_name();
    Port listener = create_port(name), server;
    auto client = connect_in_thread(name, "request");
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    auto answer = Message<>::answer(request, "reply");
    ASSERT_STATUS(STATUS_SUCCESS, accept(server, listener, answer.get()));
    ConnectResult result = client.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.length, header_size + 5);
}

ALPC_TEST(Connect, ReplyMayBeLongerThanTheRequest, "N34", "CSK", high) {
    const std::string name = port_name();
    Port listener = create_port(name), server;
    auto client = connect_in_thread(name, "twelve bytes", 0x100);
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    const std::string thirty(30, 'r');
    auto answer = Message<>::answer(request, thirty);
    ASSERT_STATUS(STATUS_SUCCESS, accept(server, listener, answer.get()));
    ConnectResult result = client.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.message.data_length(), 30u);
    EXPECT_EQ(result.message.data(), thirty);
}

ALPC_TEST(Connect, AcceptNeedsTheMessageIdOnly, "N15", "CSK, DWU, P4W", high) {
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending));
    Message<> answer("");
    answer.header().MessageId = pending.request.id();
    Port server;
    EXPECT_STATUS(STATUS_SUCCESS, accept(server, pending.listener, answer.get()));
    EXPECT_NE(server.get(), nullptr);
}

ALPC_TEST(Connect, AcceptTakesTheReceivedBufferWithOtherData, "N16", "P4W", high) {
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending, "request"));
    pending.request.set_data("another text");
    Port server;
    ASSERT_STATUS(STATUS_SUCCESS, accept(server, pending.listener, pending.request.get()));
    Message<> reply;
    ASSERT_STATUS(STATUS_SUCCESS, receive(pending.client, reply));
    EXPECT_EQ(reply.data(), "another text");
}

ALPC_TEST(Connect, AcceptOfTheUnchangedRequestEchoesIt, "6.2", "ROS-tests", medium) {
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending, "echo"));
    Port server;
    ASSERT_STATUS(STATUS_SUCCESS, accept(server, pending.listener, pending.request.get()));
    Message<> reply;
    ASSERT_STATUS(STATUS_SUCCESS, receive(pending.client, reply));
    EXPECT_EQ(reply.data(), "echo");
}

ALPC_TEST(Connect, AcceptTakesBothIds, "N17", "OVMM, IPCB", high) {
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending));
    auto answer = Message<>::answer(pending.request, "");
    Port server;
    EXPECT_STATUS(STATUS_SUCCESS, accept(server, pending.listener, answer.get()));
}

ALPC_TEST(Connect, AcceptWithoutPortAttributes, "N18", "DWU", high) {
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending));
    Port server;
    EXPECT_STATUS(STATUS_SUCCESS, api().NtAlpcAcceptConnectPort(
                                      server.put(), pending.listener.get(), ULONG{0}, POBJECT_ATTRIBUTES{},
                                      PALPC_PORT_ATTRIBUTES{}, PVOID{}, pending.request.get(),
                                      PALPC_MESSAGE_ATTRIBUTES{}, BOOLEAN{TRUE}));
    EXPECT_NE(server.get(), nullptr);
}

ALPC_TEST(Connect, RefusingNeedsNoRoomForAHandle, "N19", "OVMM test_reject, CTF", high) {
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending));
    EXPECT_STATUS(STATUS_SUCCESS, refuse(pending.listener, pending.request.get()));
}

ALPC_TEST(Connect, SynchronousClientLearnsOfTheRefusal, "N20", "CSK, ERREF", high) {
    const std::string name = port_name();
    Port listener = create_port(name);
    auto client = connect_in_thread(name, "request");
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    ASSERT_STATUS(STATUS_SUCCESS, refuse(listener, request.get()));
    ConnectResult result = client.join();
    EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, result.status);
    EXPECT_EQ(result.client.get(), nullptr);
}

ALPC_TEST(Connect, RefusedSynchronousClientKeepsItsBuffer, "6.2", "WineFork", medium) {
    const std::string name = port_name();
    Port listener = create_port(name);
    auto client = connect_in_thread(name, "request");
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    auto answer = Message<>::answer(request, "no");
    ASSERT_STATUS(STATUS_SUCCESS, refuse(listener, answer.get()));
    ConnectResult result = client.join();
    EXPECT_EQ(result.message.data(), "request");
    EXPECT_EQ(result.length, Message<>::size());
}

ALPC_TEST(Connect, AsynchronousClientLearnsOfTheRefusal, "N21", "OVMM test_reject", medium) {
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending));
    ASSERT_STATUS(STATUS_SUCCESS, refuse(pending.listener, pending.request.get()));
    Message<> reply;
    EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, receive(pending.client, reply));
    Message<> message("too late");
    EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, send(pending.client, message.get(), 0));
}

ALPC_TEST(Connect, NobodyAnswersInTime, "N26", "P0, wait rules", medium) {
    const std::string name = port_name();
    Port listener = create_port(name), client;
    ConnectOptions how;
    how.flags = ALPC_MSGFLG_SYNC_REQUEST;
    how.timeout = short_wait;
    EXPECT_STATUS(STATUS_TIMEOUT, connect(client, name, nullptr, nullptr, how));
    EXPECT_EQ(client.get(), nullptr);
}

ALPC_TEST(Connect, ReplyThatDoesNotFit, "N27", "ROST", low) {
    const std::string name = port_name();
    Port listener = create_port(name), server;
    auto client = connect_in_thread(name, "request", header_size + 7);
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    auto answer = Message<>::answer(request, "more than the client has room for");
    ASSERT_STATUS(STATUS_SUCCESS, accept(server, listener, answer.get()));
    ConnectResult result = client.join();
    EXPECT_STATUS(STATUS_BUFFER_TOO_SMALL, result.status);
    EXPECT_EQ(result.length, answer.total_length());
    EXPECT_EQ(result.message.data(), "request");
}

ALPC_TEST(Connect, LengthsMustAgree, "N28", "ROST", low) {
    const std::string name = port_name();
    Port listener = create_port(name), client;
    Message<> message("request");
    message.header().u1.s1.TotalLength += 1;
    SIZE_T length = message.size();
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, connect(client, name, message.get(), &length));
}

ALPC_TEST(Connect, NameIsLookedUpBeforeTheLengths, "N29", "ROST", low) {
    Port client;
    Message<> message("request");
    message.header().u1.s1.TotalLength += 1;
    SIZE_T length = message.size();
    EXPECT_STATUS(STATUS_OBJECT_NAME_NOT_FOUND, connect(client, missing_name, message.get(), &length));
}

ALPC_TEST(Connect, ExWithAMessageAndNoLength, "N30", "OVMM", high) {
    Name name(port_name());
    Port listener = create_port(port_name()), client;
    OBJECT_ATTRIBUTES target = name.attributes();
    Message<> message("hello");
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    EXPECT_STATUS(
        STATUS_SUCCESS,
        api().NtAlpcConnectPortEx(client.put(), &target, POBJECT_ATTRIBUTES{}, &attributes, ULONG{0},
                                  PSECURITY_DESCRIPTOR{}, message.get(), PSIZE_T{},
                                  PALPC_MESSAGE_ATTRIBUTES{}, PALPC_MESSAGE_ATTRIBUTES{}, PLARGE_INTEGER{}));
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    EXPECT_EQ(request.data(), "hello");
}

ALPC_TEST(Connect, WithNothingThatIsOptional, "N31", "DWU", high) {
    Name name(port_name());
    Port listener = create_port(port_name()), client;
    EXPECT_STATUS(
        STATUS_SUCCESS,
        api().NtAlpcConnectPort(client.put(), name.get(), POBJECT_ATTRIBUTES{}, PALPC_PORT_ATTRIBUTES{},
                                ULONG{0}, PSID{}, PPORT_MESSAGE{}, PSIZE_T{}, PALPC_MESSAGE_ATTRIBUTES{},
                                PALPC_MESSAGE_ATTRIBUTES{}, PLARGE_INTEGER{}));
    EXPECT_NE(client.get(), nullptr);
}

ALPC_TEST(Connect, RequestThatDoesNotFitStaysQueued, "N32", "WI, ROST", medium) {
    const std::string name = port_name();
    Port listener = create_port(name), client;
    Message<> message("some data");
    ASSERT_STATUS(STATUS_SUCCESS, connect(client, name, message.get()));
    Message<0> header_only;
    EXPECT_STATUS(STATUS_BUFFER_TOO_SMALL, receive(listener, header_only));
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    EXPECT_EQ(request.kind(), unsigned{LPC_CONNECTION_REQUEST});
    EXPECT_EQ(request.data(), "some data");
}

ALPC_TEST(Connect, AcceptIgnoresTheSynchronousFlag, "N33", "CSK", high) {
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending));
    Port server;
    EXPECT_STATUS(STATUS_SUCCESS, api().NtAlpcAcceptConnectPort(
                                      server.put(), pending.listener.get(), ULONG{ALPC_MSGFLG_SYNC_REQUEST},
                                      POBJECT_ATTRIBUTES{}, PALPC_PORT_ATTRIBUTES{}, PVOID{},
                                      pending.request.get(), PALPC_MESSAGE_ATTRIBUTES{}, BOOLEAN{TRUE}));
}

ALPC_TEST(Connect, PendingClientCannotSend, "6.2", "ROS-tests", medium) {
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending));
    Message<> message("too early");
    EXPECT_STATUS(STATUS_LPC_REQUESTS_NOT_ALLOWED, send(pending.client, message.get(), 0));
}

ALPC_TEST(Connect, AcceptAfterTheClientHasGone, "6.2", "WineFork", medium) {
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending));
    ASSERT_STATUS(STATUS_SUCCESS, pending.client.close());
    Port server;
    EXPECT_STATUS(STATUS_REQUEST_CANCELED, accept(server, pending.listener, pending.request.get()));
    EXPECT_STATUS(STATUS_INVALID_MESSAGE, accept(server, pending.listener, pending.request.get()));
    EXPECT_EQ(server.get(), nullptr);
}

ALPC_TEST(Connect, ListenerGoesWhileAConnectIsPending, "6.2", "WineFork", medium) {
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending));
    ASSERT_STATUS(STATUS_SUCCESS, pending.listener.close());
    Message<> notice;
    ASSERT_STATUS(STATUS_SUCCESS, receive(pending.client, notice));
    EXPECT_EQ(notice.kind(), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_EQ(notice.data_length(), 0u);
    EXPECT_STATUS(STATUS_UNSUCCESSFUL, receive(pending.client, notice));
}

ALPC_TEST(Connect, SecondAcceptOfOneRequestFails, "5.2", "ROS-fork, WineFork", medium) {
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending));
    Port first, second;
    ASSERT_STATUS(STATUS_SUCCESS, accept(first, pending.listener, pending.request.get()));
    EXPECT_STATUS(STATUS_INVALID_MESSAGE, accept(second, pending.listener, pending.request.get()));
    EXPECT_EQ(second.get(), nullptr);
}

ALPC_TEST(Connect, TwoClientsHaveTheirOwnContexts, "6.2", "PFW, WineFork", high) {
    const std::string name = port_name();
    Port listener = create_port(name);
    Port clients[2], servers[2];
    for (ULONG_PTR i = 0; i < 2; ++i) {
        ASSERT_STATUS(STATUS_SUCCESS, connect(clients[i], name));
        Message<> request;
        ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
        ASSERT_STATUS(STATUS_SUCCESS,
                      accept(servers[i], listener, request.get(), reinterpret_cast<PVOID>(i + 1)));
    }
    for (ULONG_PTR i = 0; i < 2; ++i) {
        Message<> message("from one of two");
        ASSERT_STATUS(STATUS_SUCCESS, send(clients[i], message.get(), ALPC_MSGFLG_RELEASE_MESSAGE));
        Attributes attributes(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
        ASSERT_STATUS(STATUS_SUCCESS, receive(listener, message, attributes.get()));
        EXPECT_EQ(attributes.context().PortContext, reinterpret_cast<PVOID>(i + 1));
    }
}

ALPC_TEST(Connect, AcceptOnAHandleThatIsNone, "5.3", "WineFork", medium) {
    Pending pending;
    ASSERT_NO_FATAL_FAILURE(make_pending(pending));
    const Port closed;
    Port server;
    EXPECT_STATUS(STATUS_INVALID_HANDLE, accept(server, closed, pending.request.get(), some_context));
}

}  // namespace
}  // namespace ntalpc::conformance
