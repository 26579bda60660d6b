// SPDX-License-Identifier: LGPL-2.1-or-later
// Messages through ports: datagrams, requests and replies, ids, lengths, several receivers, limits of time.
#include "server/port.h"

#include <limits>

#include "server/kernel_test_support.h"

namespace ntalpc::server {
namespace {

class PortTest : public KernelTest {
  protected:
    std::uint32_t receive_request(const Pair& pair) {
        const auto request = receive(*pair.server, pair.listener);
        EXPECT_EQ(request.status, STATUS_SUCCESS);
        return request.body.message.message_id;
    }
    MessageAnswer reply(const Pair& pair, std::uint32_t id, std::string_view data,
                        std::uint32_t flags = kRelease) {
        return send(*pair.server, pair.listener, data, {.flags = flags, .reply_to = id});
    }
};

// ---- Creating ----

TEST_F(PortTest, ANameCanBeTakenOnceAndIsFreeAfterTheLastClose) {
    FakeThread& owner = new_process();
    const auto port = create(owner, u"\\RPC Control\\p");
    EXPECT_EQ(try_create(new_process(), u"\\RPC Control\\p").status, STATUS_OBJECT_NAME_COLLISION);
    EXPECT_EQ(try_create(owner, u"\\RPC Control\\P").status, STATUS_SUCCESS);
    EXPECT_EQ(try_create(owner, u"\\RPC Control\\P", 0, OBJ_CASE_INSENSITIVE).status,
              STATUS_OBJECT_NAME_COLLISION);
    close(owner, port);
    EXPECT_EQ(try_create(owner, u"\\RPC Control\\p").status, STATUS_SUCCESS);
}

TEST_F(PortTest, UnnamedPortsAreIndependent) {
    FakeThread& owner = new_process();
    EXPECT_NE(create(owner, u""), create(owner, u""));
}

TEST_F(PortTest, KernelFlagsAreRefused) {
    FakeThread& owner = new_process();
    wire::CreatePort::Request request;
    request.port.given = 1;
    request.port.flags = ALPC_PORFLG_SYSTEM_PROCESS;
    EXPECT_EQ(owner.call<wire::CreatePort>(request).status, STATUS_INVALID_PARAMETER);
}

TEST_F(PortTest, WithoutDescriptorsAPortIsNotCreated) {
    FakeThread& owner = new_process();
    capabilities_.fail = true;
    EXPECT_EQ(try_create(owner, u"\\RPC Control\\p").status, STATUS_INSUFFICIENT_RESOURCES);
    capabilities_.fail = false;
    EXPECT_EQ(try_create(owner, u"\\RPC Control\\p").status, STATUS_SUCCESS);
}

// ---- Datagrams ----

TEST_F(PortTest, ADatagramArrivesAtTheConnectionPortAndIsForgotten) {
    const Pair pair = connected_pair();
    const auto sent = send(*pair.client, pair.client_port, "hello");
    EXPECT_EQ(sent.status, STATUS_SUCCESS);
    EXPECT_NE(sent.body.sent_attributes.message_id, 0u);
    const auto received = receive(*pair.server, pair.listener);
    EXPECT_EQ(received.status, STATUS_SUCCESS);
    EXPECT_EQ(received.text(), "hello");
    EXPECT_EQ(received.body.message.type, unsigned{LPC_DATAGRAM});
    EXPECT_EQ(received.body.message.message_id, sent.body.sent_attributes.message_id);
    EXPECT_EQ(received.body.message.process_id, pair.client->process().facts().id);
    EXPECT_EQ(received.body.message.thread_id, pair.client->thread().id());
    EXPECT_EQ(Message::alive(), 0u);
}

TEST_F(PortTest, TheServerSendsToOneClient) {
    const Pair one = connected_pair(u"\\RPC Control\\1"), two = connected_pair(u"\\RPC Control\\2");
    EXPECT_EQ(send(*one.server, one.server_port, "for one").status, STATUS_SUCCESS);
    EXPECT_EQ(receive(*two.client, two.client_port).status, STATUS_TIMEOUT);
    EXPECT_EQ(receive(*one.client, one.client_port).text(), "for one");
}

TEST_F(PortTest, MessagesKeepTheirOrder) {
    const Pair pair = connected_pair();
    for (const char* text : {"1", "2", "3"}) send(*pair.client, pair.client_port, text);
    for (const char* text : {"1", "2", "3"}) EXPECT_EQ(receive(*pair.server, pair.listener).text(), text);
}

TEST_F(PortTest, AConnectionPortCannotSendSomethingNew) {
    const Pair pair = connected_pair();
    EXPECT_EQ(send(*pair.server, pair.listener, "to whom?").status, STATUS_LPC_INVALID_CONNECTION_USAGE);
}

TEST_F(PortTest, AServerPortReceivesNothing) {
    const Pair pair = connected_pair();
    send(*pair.client, pair.client_port, "hello");
    EXPECT_EQ(receive(*pair.server, pair.server_port).status, STATUS_TIMEOUT);
}

// ---- Requests and replies ----

TEST_F(PortTest, ASynchronousRequestWaitsForItsReply) {
    const Pair pair = connected_pair();
    start_send(*pair.client, pair.client_port, "question", {.flags = kSync});
    EXPECT_TRUE(pair.client->waiting());
    EXPECT_EQ(pair.client->answers(), 0u);
    const auto request = receive(*pair.server, pair.listener);
    EXPECT_EQ(request.body.message.type, unsigned{LPC_REQUEST | LPC_CONTINUATION_REQUIRED});
    const auto id = request.body.message.message_id;
    EXPECT_EQ(reply(pair, id, "answer").status, STATUS_SUCCESS);
    const auto answer = pair.client->take<wire::SendWaitReceive>();
    EXPECT_EQ(answer.status, STATUS_SUCCESS);
    EXPECT_EQ(answer.text(), "answer");
    EXPECT_EQ(answer.body.message.type, unsigned{LPC_REPLY});
    EXPECT_EQ(answer.body.message.message_id, id);
    EXPECT_FALSE(pair.client->waiting());
    EXPECT_EQ(Message::alive(), 0u);
}

TEST_F(PortTest, AnAsynchronousReplyIsQueuedAtTheClient) {
    const Pair pair = connected_pair();
    const auto sent = send(*pair.client, pair.client_port, "question", {.flags = 0});
    EXPECT_EQ(reply(pair, receive_request(pair), "answer").status, STATUS_SUCCESS);
    const auto answer = receive(*pair.client, pair.client_port);
    EXPECT_EQ(answer.text(), "answer");
    EXPECT_EQ(answer.body.message.message_id, sent.body.sent_attributes.message_id);
}

TEST_F(PortTest, AReplyMayUseTheServerPort) {
    const Pair pair = connected_pair();
    send(*pair.client, pair.client_port, "question", {.flags = 0});
    const auto id = receive_request(pair);
    EXPECT_EQ(send(*pair.server, pair.server_port, "answer", {.reply_to = id}).status, STATUS_SUCCESS);
    EXPECT_EQ(receive(*pair.client, pair.client_port).text(), "answer");
}

TEST_F(PortTest, TheServerMayAskAndTheClientReplies) {
    const Pair pair = connected_pair();
    start_send(*pair.server, pair.server_port, "question", {.flags = kSync});
    const auto request = receive(*pair.client, pair.client_port);
    EXPECT_EQ(kind(request), unsigned{LPC_REQUEST});
    EXPECT_EQ(
        send(*pair.client, pair.client_port, "answer", {.reply_to = request.body.message.message_id}).status,
        STATUS_SUCCESS);
    EXPECT_EQ(pair.server->take<wire::SendWaitReceive>().text(), "answer");
}

TEST_F(PortTest, AnUnreleasedReplyContinuesTheConversation) {
    const Pair pair = connected_pair();
    send(*pair.client, pair.client_port, "1", {.flags = 0});
    const auto id = receive_request(pair);
    EXPECT_EQ(reply(pair, id, "2", 0).status, STATUS_SUCCESS);
    const auto second = receive(*pair.client, pair.client_port);
    EXPECT_EQ(kind(second), unsigned{LPC_REQUEST});
    EXPECT_EQ(second.body.message.message_id, id);
    EXPECT_EQ(send(*pair.client, pair.client_port, "3", {.reply_to = id}).status, STATUS_SUCCESS);
    EXPECT_EQ(receive(*pair.server, pair.listener).text(), "3");
    EXPECT_EQ(Message::alive(), 0u);
}

TEST_F(PortTest, OnlyTheSideThatOwesAReplyCanReply) {
    const Pair pair = connected_pair();
    const auto id =
        send(*pair.client, pair.client_port, "question", {.flags = 0}).body.sent_attributes.message_id;
    EXPECT_EQ(reply(pair, id, "too early").status, STATUS_INVALID_MESSAGE);
    receive_request(pair);
    EXPECT_EQ(send(*pair.client, pair.client_port, "mine", {.reply_to = id}).status, STATUS_INVALID_MESSAGE);
    EXPECT_EQ(reply(pair, id, "answer").status, STATUS_SUCCESS);
    EXPECT_EQ(reply(pair, id, "twice").status, STATUS_INVALID_MESSAGE);
}

TEST_F(PortTest, AReplyThroughAnotherConnectionIsRefused) {
    const Pair pair = connected_pair(u"\\RPC Control\\1"), other = connected_pair(u"\\RPC Control\\2");
    send(*pair.client, pair.client_port, "question", {.flags = 0});
    const auto id = receive_request(pair);
    EXPECT_EQ(send(*other.server, other.listener, "x", {.reply_to = id}).status, STATUS_INVALID_MESSAGE);
    EXPECT_EQ(send(*other.server, other.server_port, "x", {.reply_to = id}).status, STATUS_INVALID_MESSAGE);
    EXPECT_EQ(send(*other.client, other.client_port, "x", {.reply_to = id}).status, STATUS_INVALID_MESSAGE);
}

TEST_F(PortTest, WrongIdsAreRefused) {
    const Pair pair = connected_pair();
    send(*pair.client, pair.client_port, "question", {.flags = 0});
    const auto request = receive(*pair.server, pair.listener);
    const auto id = request.body.message.message_id, callback = request.body.message.callback_id;
    EXPECT_NE(callback, 0u);
    EXPECT_EQ(reply(pair, id + 4, "x").status, STATUS_INVALID_MESSAGE);
    EXPECT_EQ(send(*pair.server, pair.listener, "x", {.reply_to = id, .callback_id = callback + 1}).status,
              STATUS_INVALID_MESSAGE);
    EXPECT_EQ(send(*pair.server, pair.listener, "x", {.reply_to = id, .callback_id = callback}).status,
              STATUS_SUCCESS);
}

TEST_F(PortTest, ContextsStayOnTheirSide) {
    const Pair pair = connected_pair(u"\\RPC Control\\p", 0xABCD);
    send(*pair.client, pair.client_port, "question", {.flags = 0, .context = 0x1234});
    const auto request = receive(*pair.server, pair.listener);
    EXPECT_EQ(request.body.attributes.port_context, 0xABCDu);
    EXPECT_EQ(request.body.attributes.message_context, 0u);
    EXPECT_EQ(request.body.attributes.token_id, pair.client->thread().effective_token().token_id);
    reply(pair, request.body.message.message_id, "answer");
    const auto answer = receive(*pair.client, pair.client_port);
    EXPECT_EQ(answer.body.attributes.message_context, 0x1234u);
    EXPECT_EQ(answer.body.attributes.port_context, 0u);
}

TEST_F(PortTest, QueryTellsContextFlagsAndSequence) {
    const Pair pair = connected_pair(u"\\RPC Control\\p", 0xABCD);
    const auto before = pair.server->call<wire::QueryPort>({.handle = pair.server_port});
    EXPECT_EQ(before.status, STATUS_SUCCESS);
    EXPECT_EQ(before.body.port_context, 0xABCDu);
    send(*pair.server, pair.server_port, "x");
    const auto after = pair.server->call<wire::QueryPort>({.handle = pair.server_port});
    EXPECT_EQ(after.body.sequence, before.body.sequence + 1);
    EXPECT_EQ(pair.server->call<wire::QueryPort>({.handle = 12345}).status, STATUS_INVALID_HANDLE);
}

// ---- Lengths ----

TEST_F(PortTest, AMessageLongerThanThePortAllowsIsRefused) {
    const Pair pair = connected_pair();
    EXPECT_EQ(send(*pair.client, pair.client_port, std::string(0x1000 - kHeader, 'x')).status,
              STATUS_SUCCESS);
    EXPECT_EQ(send(*pair.client, pair.client_port, std::string(0x1001 - kHeader, 'x')).status,
              STATUS_PORT_MESSAGE_TOO_LONG);
}

TEST_F(PortTest, LengthsMustAgree) {
    const Pair pair = connected_pair();
    auto request = sending(pair.client_port, 4, {});
    request.message.total_length = kHeader + 3;
    pair.client->start<wire::SendWaitReceive>(request, {.data = bytes_of(std::string_view("1234"))});
    EXPECT_EQ(pair.client->take<wire::SendWaitReceive>().status, STATUS_INVALID_PARAMETER);
    request = sending(pair.client_port, 5, {});
    pair.client->start<wire::SendWaitReceive>(request, {.data = bytes_of(std::string_view("1234"))});
    EXPECT_EQ(pair.client->take<wire::SendWaitReceive>().status, STATUS_INVALID_PARAMETER);
}

TEST_F(PortTest, AMessageThatDoesNotFitStaysQueued) {
    const Pair pair = connected_pair();
    send(*pair.client, pair.client_port, "12345678");
    const auto refused = receive(*pair.server, pair.listener, kHeader + 7);
    EXPECT_EQ(refused.status, STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(refused.body.receive_length, kHeader + 8);
    EXPECT_EQ(refused.body.has_message, 0u);
    EXPECT_EQ(receive(*pair.server, pair.listener, kHeader + 8).text(), "12345678");
}

TEST_F(PortTest, AWaitingReceiverWithTooLittleRoomIsToldAndTheNextOneServed) {
    const Pair pair = connected_pair();
    FakeThread& other = new_thread(*pair.server);
    start_receive(*pair.server, pair.listener, kForever, kHeader + 1);
    start_receive(other, pair.listener);
    send(*pair.client, pair.client_port, "12345678");
    EXPECT_EQ(pair.server->take<wire::SendWaitReceive>().status, STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(other.take<wire::SendWaitReceive>().text(), "12345678");
}

TEST_F(PortTest, AReplyThatDoesNotFitIsQueuedAtTheClient) {
    const Pair pair = connected_pair();
    start_send(*pair.client, pair.client_port, "question", {.flags = kSync, .capacity = kHeader + 2});
    EXPECT_EQ(reply(pair, receive_request(pair), "answer").status, STATUS_SUCCESS);
    const auto refused = pair.client->take<wire::SendWaitReceive>();
    EXPECT_EQ(refused.status, STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(refused.body.receive_length, kHeader + 6);
    EXPECT_EQ(receive(*pair.client, pair.client_port).text(), "answer");
}

// ---- Receivers ----

TEST_F(PortTest, ReceiversAreServedInTheOrderTheyCame) {
    const Pair pair = connected_pair();
    FakeThread& second = new_thread(*pair.server);
    start_receive(*pair.server, pair.listener);
    start_receive(second, pair.listener);
    send(*pair.client, pair.client_port, "1");
    EXPECT_EQ(pair.server->take<wire::SendWaitReceive>().text(), "1");
    EXPECT_TRUE(second.waiting());
    send(*pair.client, pair.client_port, "2");
    EXPECT_EQ(second.take<wire::SendWaitReceive>().text(), "2");
}

TEST_F(PortTest, AReceiverThatDiesLosesNothing) {
    const Pair pair = connected_pair();
    FakeThread& dying = new_thread(*pair.server);
    start_receive(dying, pair.listener);
    dying.kill();
    send(*pair.client, pair.client_port, "1");
    EXPECT_EQ(receive(*pair.server, pair.listener).text(), "1");
}

TEST_F(PortTest, ReplyAndReceiveInOneCall) {
    const Pair pair = connected_pair();
    start_send(*pair.client, pair.client_port, "1", {.flags = kSync});
    const auto id = receive_request(pair);
    start_send(*pair.server, pair.listener, "answer", {.reply_to = id, .receive = true});
    EXPECT_EQ(pair.client->take<wire::SendWaitReceive>().text(), "answer");
    EXPECT_TRUE(pair.server->waiting());
    send(*pair.client, pair.client_port, "2");
    EXPECT_EQ(pair.server->take<wire::SendWaitReceive>().text(), "2");
}

// ---- Time ----

TEST_F(PortTest, AReceiveTimesOutNotBeforeItsTime) {
    const Pair pair = connected_pair();
    start_receive(*pair.server, pair.listener, 5 * kSecond);
    pass(5 * kSecond - 1);
    EXPECT_EQ(pair.server->answers(), 0u);
    pass(1);
    EXPECT_EQ(pair.server->take<wire::SendWaitReceive>().status, STATUS_TIMEOUT);
    // The thread no longer takes messages.
    send(*pair.client, pair.client_port, "later");
    EXPECT_EQ(pair.server->answers(), 0u);
    EXPECT_EQ(receive(*pair.server, pair.listener).text(), "later");
}

TEST_F(PortTest, TheNextDeadlineIsTheSoonest) {
    const Pair pair = connected_pair();
    FakeThread& second = new_thread(*pair.server);
    EXPECT_EQ(kernel().expire(), kForever);
    start_receive(*pair.server, pair.listener, 7 * kSecond);
    start_receive(second, pair.listener, 3 * kSecond);
    EXPECT_EQ(kernel().expire(), kernel().now() + 3 * kSecond);
    pass(3 * kSecond);
    EXPECT_EQ(kernel().expire(), kernel().now() + 4 * kSecond);
    pair.server->kill();
    EXPECT_EQ(kernel().expire(), kForever);
}

TEST_F(PortTest, ExtremeTimesNeitherOverflowNorWaitBackwards) {
    const Pair pair = connected_pair();
    start_receive(*pair.server, pair.listener, std::numeric_limits<Nanoseconds>::max());
    pass(kSecond);
    EXPECT_TRUE(pair.server->waiting());
    FakeThread& second = new_thread(*pair.server);
    start_receive(second, pair.listener, std::numeric_limits<Nanoseconds>::min());
    kernel().expire();
    EXPECT_EQ(second.take<wire::SendWaitReceive>().status, STATUS_TIMEOUT);
}

TEST_F(PortTest, ARequestThatTimesOutBeforeItIsSeenBecomesANotice) {
    const Pair pair = connected_pair();
    start_send(*pair.client, pair.client_port, "question", {.flags = kSync, .timeout = kSecond});
    pass(kSecond);
    const auto timed_out = pair.client->take<wire::SendWaitReceive>();
    EXPECT_EQ(timed_out.status, STATUS_TIMEOUT);
    const auto notice = receive(*pair.server, pair.listener);
    EXPECT_EQ(notice.body.message.type, unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_EQ(notice.body.message.data_length, 0u);
    EXPECT_EQ(notice.body.message.message_id, timed_out.body.sent_attributes.message_id);
    EXPECT_EQ(Message::alive(), 0u);
}

TEST_F(PortTest, AReplyToARequestThatTimedOutIsTooLate) {
    const Pair pair = connected_pair(u"\\RPC Control\\p", 0xABCD);
    start_send(*pair.client, pair.client_port, "question", {.flags = kSync, .timeout = kSecond});
    const auto id = receive_request(pair);
    pass(kSecond);
    EXPECT_EQ(pair.client->take<wire::SendWaitReceive>().status, STATUS_TIMEOUT);
    EXPECT_EQ(reply(pair, id, "late").status, STATUS_REQUEST_CANCELED);
    const auto notice = receive(*pair.server, pair.listener);
    EXPECT_EQ(notice.body.message.type, unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_EQ(notice.body.message.message_id, id);
    EXPECT_EQ(notice.body.attributes.port_context, 0xABCDu);
    // Once the notice is taken the id means nothing any more.
    EXPECT_EQ(reply(pair, id, "later").status, STATUS_INVALID_MESSAGE);
}

TEST_F(PortTest, ACanceledWaitIsAnsweredWithTheStatusGiven) {
    const Pair pair = connected_pair();
    start_receive(*pair.server, pair.listener);
    pair.server->start<wire::CancelWait>({.status = STATUS_USER_APC});
    EXPECT_EQ(pair.server->answers(), 1u);
    pair.server->forget_answers();
    EXPECT_FALSE(pair.server->waiting());
    pair.server->start<wire::CancelWait>({.status = STATUS_USER_APC});
    EXPECT_EQ(pair.server->answers(), 0u) << "nothing waits, nothing is answered";
}

// ---- Arguments ----

TEST_F(PortTest, CombinationsWithoutSenseAreRefused) {
    const Pair pair = connected_pair();
    const auto status = [&](std::uint32_t flags, bool with_send, bool with_receive) {
        auto request = sending(pair.client_port, 0, {.flags = flags});
        request.has_send = with_send;
        request.has_receive = with_receive;
        return pair.client->call<wire::SendWaitReceive>(request).status;
    };
    EXPECT_EQ(status(0, false, false), STATUS_INVALID_PARAMETER);
    EXPECT_EQ(status(kSync, false, true), STATUS_INVALID_PARAMETER_2);
    EXPECT_EQ(status(kSync | kRelease, true, true), STATUS_INVALID_PARAMETER_2);
    EXPECT_EQ(status(kSync, true, false), STATUS_LPC_RECEIVE_BUFFER_EXPECTED);
}

TEST_F(PortTest, HandlesOfOthersAreUnknown) {
    const Pair pair = connected_pair();
    FakeThread& stranger = new_process();
    EXPECT_EQ(send(stranger, pair.client_port, "x").status, STATUS_INVALID_HANDLE);
    EXPECT_EQ(receive(stranger, pair.listener).status, STATUS_INVALID_HANDLE);
    EXPECT_EQ(stranger.call<wire::DisconnectPort>({.handle = pair.client_port}).status,
              STATUS_INVALID_HANDLE);
}

}  // namespace
}  // namespace ntalpc::server
