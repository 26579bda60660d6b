// SPDX-License-Identifier: LGPL-2.1-or-later
// Connections: how they begin, and what each side sees when one ends, in every state.
#include "server/connection.h"

#include "server/kernel_test_support.h"
#include "server/security/security_descriptor.h"

namespace ntalpc::server {
namespace {

constexpr std::u16string_view kName = u"\\RPC Control\\p";

class ConnectionTest : public KernelTest {
  protected:
    // A client whose connect waits for the decision, or one that does not wait.
    FakeThread& connecting_client(std::uint32_t flags, std::string_view data = {},
                                  Nanoseconds timeout = kForever) {
        FakeThread& client = new_process();
        start_connect(client, kName, flags, data, timeout);
        return client;
    }
    std::uint32_t receive_connect() {
        const auto request = receive(server_, listener_);
        EXPECT_EQ(kind(request), unsigned{LPC_CONNECTION_REQUEST});
        return request.body.message.message_id;
    }
    std::int32_t accept(std::uint32_t id) { return answer_connect(server_, listener_, id, true).status; }
    std::int32_t refuse(std::uint32_t id) { return answer_connect(server_, listener_, id, false).status; }

    FakeThread& server_ = new_process();
    const std::uint64_t listener_ = create(server_, kName);
};

// ---- Connecting ----

TEST_F(ConnectionTest, ASynchronousConnectReturnsWithTheServersMessage) {
    FakeThread& client = connecting_client(kSync, "hello");
    EXPECT_TRUE(client.waiting());
    const auto request = receive(server_, listener_);
    EXPECT_EQ(request.text(), "hello");
    EXPECT_EQ(request.body.message.type, unsigned{LPC_CONNECTION_REQUEST | LPC_CONTINUATION_REQUIRED});
    EXPECT_EQ(request.body.attributes.valid & ALPC_MESSAGE_CONTEXT_ATTRIBUTE, 0u);
    const auto id = request.body.message.message_id;
    const auto accepted = answer_connect(server_, listener_, id, true, "welcome");
    EXPECT_EQ(accepted.status, STATUS_SUCCESS);
    EXPECT_EQ(accepted.descriptors, 1u);
    const auto connected = client.take<wire::ConnectPort>();
    EXPECT_EQ(connected.status, STATUS_SUCCESS);
    EXPECT_EQ(connected.descriptors, 1u);
    EXPECT_EQ(connected.text(), "welcome");
    EXPECT_EQ(connected.body.message.type, unsigned{LPC_INTERNAL_CONNECTION_REPLY});
    EXPECT_EQ(connected.body.message.message_id, id);
    EXPECT_EQ(Message::alive(), 0u);
}

TEST_F(ConnectionTest, AnAsynchronousConnectReceivesTheDecision) {
    FakeThread& client = connecting_client(0);
    const auto connected = client.take<wire::ConnectPort>();
    EXPECT_EQ(connected.status, STATUS_SUCCESS);
    EXPECT_EQ(connected.body.has_message, 0u);
    const auto port = connected.body.handle;
    EXPECT_EQ(send(client, port, "too early").status, STATUS_LPC_REQUESTS_NOT_ALLOWED);
    EXPECT_EQ(receive(client, port).status, STATUS_TIMEOUT);
    EXPECT_EQ(accept(receive_connect()), STATUS_SUCCESS);
    EXPECT_EQ(kind(receive(client, port)), unsigned{LPC_INTERNAL_CONNECTION_REPLY});
    EXPECT_EQ(send(client, port, "now").status, STATUS_SUCCESS);
}

TEST_F(ConnectionTest, ARefusalEndsTheConnect) {
    FakeThread& client = connecting_client(kSync);
    EXPECT_EQ(refuse(receive_connect()), STATUS_SUCCESS);
    EXPECT_EQ(client.take<wire::ConnectPort>().status, STATUS_PORT_CONNECTION_REFUSED);
    EXPECT_EQ(Connection::alive(), 0u);
}

TEST_F(ConnectionTest, ARefusalIsSeenByAnAsynchronousClient) {
    FakeThread& client = connecting_client(0);
    const auto port = client.take<wire::ConnectPort>().body.handle;
    start_receive(client, port);
    EXPECT_EQ(refuse(receive_connect()), STATUS_SUCCESS);
    EXPECT_EQ(client.take<wire::SendWaitReceive>().status, STATUS_PORT_CONNECTION_REFUSED);
    EXPECT_EQ(send(client, port, "x").status, STATUS_PORT_CONNECTION_REFUSED);
}

TEST_F(ConnectionTest, TheNameMustLeadToAListeningPort) {
    FakeThread& client = new_process();
    const auto status = [&](std::u16string_view name) {
        start_connect(client, name, kSync);
        return client.take<wire::ConnectPort>().status;
    };
    EXPECT_EQ(status(u"\\RPC Control\\none"), STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_EQ(status(u"\\None\\p"), STATUS_OBJECT_PATH_NOT_FOUND);
    EXPECT_EQ(status(u"\\RPC Control"), STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_EQ(status(u""), STATUS_OBJECT_NAME_INVALID);
    EXPECT_EQ(server_.call<wire::DisconnectPort>({.handle = listener_}).status, STATUS_SUCCESS);
    EXPECT_EQ(status(kName), STATUS_PORT_CONNECTION_REFUSED);
    EXPECT_EQ(Connection::alive(), 0u);
}

TEST_F(ConnectionTest, AnotherServerSidIsNotTheServer) {
    FakeThread& client = new_process();
    wire::ConnectPort::Request request;
    request.message = message(0);
    EXPECT_EQ(client
                  .call<wire::ConnectPort>(request, {.name = bytes_of(kName),
                                                     .data = {},
                                                     .required_sid = bytes_of(std::string_view("not it")),
                                                     .server_requirements = {}})
                  .status,
              STATUS_SERVER_SID_MISMATCH);
}

TEST_F(ConnectionTest, ServerThatDoesNotSatisfyTheClient) {
    security::SecurityDescriptor everybody, nobody;
    everybody.owner = nobody.owner = security::sids::kSystem;
    nobody.set_dacl({std::byte{2}, {}, std::byte{8}, {}, {}, {}, {}, {}});
    FakeThread& client = new_process();
    wire::ConnectPort::Request request;
    request.message = message(0);
    const auto connect = [&](wire::Bytes requirements) {
        return client
            .call<wire::ConnectPort>(request, {.name = bytes_of(kName),
                                               .data = {},
                                               .required_sid = {},
                                               .server_requirements = requirements})
            .status;
    };
    EXPECT_EQ(connect(nobody.encode()), STATUS_SERVER_SID_MISMATCH);
    EXPECT_EQ(connect(everybody.encode()), STATUS_SUCCESS);
    EXPECT_NE(connect(bytes_of(std::string_view("no descriptor"))), STATUS_SUCCESS);
}

TEST_F(ConnectionTest, AServersMessageThatDoesNotFitEndsTheConnect) {
    FakeThread& client = new_process();
    start_connect(client, kName, kSync, {}, kForever, kHeader + 3);
    answer_connect(server_, listener_, receive_connect(), true, "welcome");
    const auto answer = client.take<wire::ConnectPort>();
    EXPECT_EQ(answer.status, STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(answer.body.reply_length, kHeader + 7);
    EXPECT_EQ(kind(receive(server_, listener_)), unsigned{LPC_PORT_CLOSED});
}

TEST_F(ConnectionTest, AConnectTimesOut) {
    FakeThread& client = connecting_client(kSync, {}, kSecond);
    pass(kSecond);
    EXPECT_EQ(client.take<wire::ConnectPort>().status, STATUS_TIMEOUT);
    EXPECT_EQ(receive(server_, listener_).status, STATUS_TIMEOUT) << "the request nobody saw is gone";
    EXPECT_EQ(Connection::alive(), 0u);
}

TEST_F(ConnectionTest, AcceptingARequestThatWasGivenUpIsCanceled) {
    FakeThread& client = connecting_client(kSync, {}, kSecond);
    const auto id = receive_connect();
    pass(kSecond);
    EXPECT_EQ(client.take<wire::ConnectPort>().status, STATUS_TIMEOUT);
    EXPECT_EQ(accept(id), STATUS_REQUEST_CANCELED);
    EXPECT_EQ(accept(id), STATUS_INVALID_MESSAGE) << "said once";
}

// ---- Accepting ----

TEST_F(ConnectionTest, OnlyAReceivedRequestOfThisPortCanBeAccepted) {
    FakeThread& client = connecting_client(kSync);
    EXPECT_EQ(accept(0), STATUS_INVALID_MESSAGE);
    EXPECT_EQ(accept(4), STATUS_INVALID_MESSAGE) << "not received yet";
    const auto id = receive_connect();
    const auto other = create(server_, u"\\RPC Control\\other");
    EXPECT_EQ(answer_connect(server_, other, id, true).status, STATUS_INVALID_MESSAGE);
    EXPECT_EQ(send(server_, listener_, "reply", {.reply_to = id}).status, STATUS_INVALID_MESSAGE);
    EXPECT_TRUE(client.waiting());
    EXPECT_EQ(accept(id), STATUS_SUCCESS);
    EXPECT_EQ(accept(id), STATUS_INVALID_MESSAGE);
    EXPECT_EQ(client.take<wire::ConnectPort>().status, STATUS_SUCCESS);
}

TEST_F(ConnectionTest, AcceptNeedsAConnectionPort) {
    const Pair pair = connected_pair();
    EXPECT_EQ(answer_connect(*pair.server, pair.server_port, 4, true).status, STATUS_INVALID_PORT_HANDLE);
    EXPECT_EQ(answer_connect(*pair.server, 9999, 4, true).status, STATUS_INVALID_HANDLE);
}

// An accept that fails for want of resources must leave the request as it was: the server may try again.
TEST_F(ConnectionTest, AnAcceptThatFailsCanBeRepeated) {
    FakeThread& client = connecting_client(kSync);
    const auto id = receive_connect();
    capabilities_.fail = true;
    EXPECT_EQ(accept(id), STATUS_INSUFFICIENT_RESOURCES);
    capabilities_.fail = false;
    EXPECT_EQ(accept(id), STATUS_SUCCESS);
    EXPECT_EQ(client.answers(), 1u) << "the client still waits";
}

TEST_F(ConnectionTest, AConnectWithoutDescriptorsLeavesNothing) {
    capabilities_.fail = true;
    EXPECT_EQ(connecting_client(kSync).take<wire::ConnectPort>().status, STATUS_INSUFFICIENT_RESOURCES);
    capabilities_.fail = false;
    EXPECT_EQ(Connection::alive(), 0u);
    EXPECT_EQ(receive(server_, listener_).status, STATUS_TIMEOUT);
}

// ---- The end, seen from the server ----

TEST_F(ConnectionTest, AClientThatIsKilledBeforeItsRequestIsSeenLeavesNothing) {
    kill_process(connecting_client(kSync));
    EXPECT_EQ(receive(server_, listener_).status, STATUS_TIMEOUT);
    EXPECT_EQ(Connection::alive() + Message::alive(), 0u);
}

TEST_F(ConnectionTest, AClientThatIsKilledWhileTheServerDecidesCancelsTheRequest) {
    FakeThread& client = connecting_client(kSync);
    const auto id = receive_connect();
    kill_process(client);
    EXPECT_EQ(accept(id), STATUS_REQUEST_CANCELED);
}

TEST_F(ConnectionTest, ClosingAClientPortTellsTheServer) {
    const Pair pair = connected_pair(u"\\RPC Control\\pair", 0xABCD);
    start_receive(*pair.server, pair.listener);
    close(*pair.client, pair.client_port);
    const auto notice = pair.server->take<wire::SendWaitReceive>();
    EXPECT_EQ(notice.body.message.type, unsigned{LPC_PORT_CLOSED});
    EXPECT_EQ(notice.body.attributes.port_context, 0xABCDu);
    EXPECT_EQ(notice.body.message.process_id, pair.client->process().facts().id);
    ASSERT_EQ(notice.blob.size(), 8u);
    std::int64_t time;
    std::memcpy(&time, notice.blob.data(), sizeof(time));
    EXPECT_EQ(time, pair.client->process().facts().creation_time);
    EXPECT_EQ(send(*pair.server, pair.server_port, "x").status, STATUS_PORT_DISCONNECTED);
}

TEST_F(ConnectionTest, WhatAClosedClientLeftBehindIsReportedBeforeItsEnd) {
    const Pair pair = connected_pair();
    send(*pair.client, pair.client_port, "unseen datagram");
    send(*pair.client, pair.client_port, "unseen request", {.flags = 0});
    close(*pair.client, pair.client_port);
    EXPECT_EQ(kind(receive(*pair.server, pair.listener)), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_EQ(kind(receive(*pair.server, pair.listener)), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_EQ(kind(receive(*pair.server, pair.listener)), unsigned{LPC_PORT_CLOSED});
    EXPECT_EQ(receive(*pair.server, pair.listener).status, STATUS_TIMEOUT);
}

TEST_F(ConnectionTest, AReplyOwedToAClosedClientIsCanceled) {
    const Pair pair = connected_pair();
    send(*pair.client, pair.client_port, "request", {.flags = 0});
    const auto id = receive(*pair.server, pair.listener).body.message.message_id;
    close(*pair.client, pair.client_port);
    EXPECT_EQ(send(*pair.server, pair.listener, "late", {.reply_to = id}).status, STATUS_REQUEST_CANCELED);
}

TEST_F(ConnectionTest, ANoticeReachesAReceiverWhoseBufferWasTooSmallForTheMessage) {
    const Pair pair = connected_pair();
    send(*pair.client, pair.client_port, "12345678");
    EXPECT_EQ(receive(*pair.server, pair.listener, kHeader).status, STATUS_BUFFER_TOO_SMALL);
    close(*pair.client, pair.client_port);
    EXPECT_EQ(kind(receive(*pair.server, pair.listener, kHeader)), unsigned{LPC_CANCEL_MESSAGE});
}

TEST_F(ConnectionTest, AServerThatWaitsForAClientsReplyIsReleasedByItsEnd) {
    const Pair pair = connected_pair();
    start_send(*pair.server, pair.server_port, "request", {.flags = kSync});
    EXPECT_EQ(kind(receive(*pair.client, pair.client_port)), unsigned{LPC_REQUEST});
    close(*pair.client, pair.client_port);
    EXPECT_EQ(pair.server->take<wire::SendWaitReceive>().status, STATUS_PORT_DISCONNECTED);
    EXPECT_EQ(kind(receive(*pair.server, pair.listener)), unsigned{LPC_PORT_CLOSED});
    EXPECT_EQ(receive(*pair.server, pair.listener).status, STATUS_TIMEOUT);
}

TEST_F(ConnectionTest, AThreadThatDiesInARequestCancelsIt) {
    const Pair pair = connected_pair();
    FakeThread& other = new_thread(*pair.client);
    start_send(other, pair.client_port, "request", {.flags = kSync});
    const auto id = receive(*pair.server, pair.listener).body.message.message_id;
    other.kill();
    EXPECT_EQ(send(*pair.server, pair.listener, "late", {.reply_to = id}).status, STATUS_REQUEST_CANCELED);
    EXPECT_EQ(kind(receive(*pair.server, pair.listener)), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_EQ(send(*pair.client, pair.client_port, "still connected").status, STATUS_SUCCESS);
}

// ---- The end, seen from the client ----

enum class HowServerEnds { closes_port, closes_listener, disconnects_port, disconnects_listener };

class ServerEnds : public ConnectionTest, public testing::WithParamInterface<HowServerEnds> {
  protected:
    void end(const Pair& pair) {
        switch (GetParam()) {
            case HowServerEnds::closes_port:
                return close(*pair.server, pair.server_port);
            case HowServerEnds::closes_listener:
                return close(*pair.server, pair.listener);
            case HowServerEnds::disconnects_port:
                EXPECT_EQ(pair.server->call<wire::DisconnectPort>({.handle = pair.server_port}).status,
                          STATUS_SUCCESS);
                return;
            case HowServerEnds::disconnects_listener:
                EXPECT_EQ(pair.server->call<wire::DisconnectPort>({.handle = pair.listener}).status,
                          STATUS_SUCCESS);
                return;
        }
    }
};

TEST_P(ServerEnds, AnIdleClientIsDisconnected) {
    const Pair pair = connected_pair();
    end(pair);
    EXPECT_EQ(send(*pair.client, pair.client_port, "x").status, STATUS_PORT_DISCONNECTED);
    EXPECT_EQ(receive(*pair.client, pair.client_port).status, STATUS_PORT_DISCONNECTED);
    EXPECT_EQ(pair.client->call<wire::DisconnectPort>({.handle = pair.client_port}).status,
              STATUS_PORT_DISCONNECTED);
}

TEST_P(ServerEnds, AClientInAReceiveIsReleased) {
    const Pair pair = connected_pair();
    start_receive(*pair.client, pair.client_port);
    end(pair);
    EXPECT_EQ(pair.client->take<wire::SendWaitReceive>().status, STATUS_PORT_DISCONNECTED);
}

TEST_P(ServerEnds, AClientWhoseRequestIsQueuedIsReleased) {
    const Pair pair = connected_pair();
    start_send(*pair.client, pair.client_port, "request", {.flags = kSync});
    end(pair);
    EXPECT_EQ(pair.client->take<wire::SendWaitReceive>().status, STATUS_PORT_DISCONNECTED);
}

TEST_P(ServerEnds, AClientWhoseRequestWasReceivedIsReleased) {
    const Pair pair = connected_pair();
    start_send(*pair.client, pair.client_port, "request", {.flags = kSync});
    EXPECT_EQ(kind(receive(*pair.server, pair.listener)), unsigned{LPC_REQUEST});
    end(pair);
    EXPECT_EQ(pair.client->take<wire::SendWaitReceive>().status, STATUS_PORT_DISCONNECTED);
}

TEST_P(ServerEnds, AnAsynchronousRequestIsReportedAsCanceled) {
    const Pair pair = connected_pair();
    send(*pair.client, pair.client_port, "request", {.flags = 0});
    EXPECT_EQ(kind(receive(*pair.server, pair.listener)), unsigned{LPC_REQUEST});
    end(pair);
    EXPECT_EQ(kind(receive(*pair.client, pair.client_port)), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_EQ(receive(*pair.client, pair.client_port).status, STATUS_PORT_DISCONNECTED);
}

TEST_P(ServerEnds, TheClientMayCloseAfterwards) {
    const Pair pair = connected_pair();
    end(pair);
    close(*pair.client, pair.client_port);
    EXPECT_LE(Connection::alive(), 1u);
}

INSTANTIATE_TEST_SUITE_P(All, ServerEnds,
                         testing::Values(HowServerEnds::closes_port, HowServerEnds::closes_listener,
                                         HowServerEnds::disconnects_port,
                                         HowServerEnds::disconnects_listener));

TEST_F(ConnectionTest, ClosingTheListenerRefusesWhoConnects) {
    FakeThread& unseen = connecting_client(kSync);
    FakeThread& asynchronous = connecting_client(0);
    const auto port = asynchronous.take<wire::ConnectPort>().body.handle;
    receive_connect();
    close(server_, listener_);
    EXPECT_EQ(unseen.take<wire::ConnectPort>().status, STATUS_PORT_CONNECTION_REFUSED);
    EXPECT_EQ(kind(receive(asynchronous, port)), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_LT(receive(asynchronous, port).status, 0);
    start_connect(asynchronous, kName, kSync);
    EXPECT_EQ(asynchronous.take<wire::ConnectPort>().status, STATUS_OBJECT_NAME_NOT_FOUND);
}

TEST_F(ConnectionTest, ThreadsInACallOnAClosedPortAreReleased) {
    const Pair pair = connected_pair();
    FakeThread& receiver = new_thread(*pair.client);
    FakeThread& requester = new_thread(*pair.client);
    FakeThread& listener = new_thread(*pair.server);
    start_send(requester, pair.client_port, "request", {.flags = kSync});
    EXPECT_EQ(kind(receive(*pair.server, pair.listener)), unsigned{LPC_REQUEST});
    start_receive(receiver, pair.client_port);
    close(*pair.client, pair.client_port);
    EXPECT_EQ(receiver.take<wire::SendWaitReceive>().status, STATUS_PORT_CLOSED);
    EXPECT_EQ(requester.take<wire::SendWaitReceive>().status, STATUS_PORT_CLOSED);
    while (receive(*pair.server, pair.listener).status == STATUS_SUCCESS) continue;
    start_receive(listener, pair.listener);
    close(*pair.server, pair.listener);
    EXPECT_EQ(listener.take<wire::SendWaitReceive>().status, STATUS_PORT_CLOSED);
}

TEST_F(ConnectionTest, ADisconnectedListenerHasNothingMoreToReceive) {
    EXPECT_EQ(server_.call<wire::DisconnectPort>({.handle = listener_}).status, STATUS_SUCCESS);
    EXPECT_EQ(receive(server_, listener_).status, STATUS_PORT_DISCONNECTED);
    EXPECT_EQ(server_.call<wire::DisconnectPort>({.handle = listener_}).status, STATUS_PORT_DISCONNECTED);
}

}  // namespace
}  // namespace ntalpc::server
