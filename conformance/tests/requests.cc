// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests and replies: synchronous and not, from either side, released or not.
#include <memory>

#include "conformance/harness/ports.h"
#include "conformance/harness/requests.h"
#include "conformance/harness/thread.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;

ALPC_TEST(Requests, SequenceCountsTheMessagesOfAConnection, "M06", "P4W advanced output", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    for (ULONG sequence = 1; sequence <= 3; ++sequence) {
        auto client = request_in_thread(connection.client, "request");
        Attributes attributes(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
        Message<> received;
        ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received, attributes.get()));
        EXPECT_EQ(attributes.context().Sequence, sequence);
        ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply"));
        EXPECT_STATUS(STATUS_SUCCESS, client.join().status);
    }
}

ALPC_TEST(Requests, SynchronousRequestIsARequest, "M07", "P4W simple output", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    auto client = request_in_thread(connection.client, "request");
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.type(), sizeof(void*) == 8 ? 0x2001u : 0x3001u);
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply"));
    EXPECT_STATUS(STATUS_SUCCESS, client.join().status);
}

ALPC_TEST(Requests, EveryByteValueSurvives, "M09, M10, M11", "P4W test_simple_alpc", high) {
    const std::string data(
        "Message 1\0\xFF"
        "ABCD",
        15);
    std::string answer("0123456789");
    for (int value = 0; value < 256; ++value) answer += static_cast<char>(value);
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    auto client = request_in_thread(connection.client, data);
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.data_length(), 15u);
    EXPECT_EQ(received.data(), data);
    EXPECT_EQ(received.type() & 0xFFF, 1u);
    // The received buffer with other data goes back.
    received.set_data(answer);
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.listener, received.get(), 0));
    RequestResult result = client.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.answer.data(), answer);
}

ALPC_TEST(Requests, ReplyOnTheListenerNeedsTheMessageIdOnly, "M12, M15, M17", "CSK", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    auto client = request_in_thread(connection.client, "request");
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    Message<> reply("reply");
    reply.header().MessageId = received.id();
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.listener, reply.get(), ALPC_MSGFLG_REPLY_MESSAGE));
    RequestResult result = client.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.answer.data(), "reply");
    EXPECT_EQ(result.answer.kind(), unsigned{LPC_REQUEST});
    EXPECT_EQ(result.answer.header().ClientId.UniqueProcess, current_process_id());
    EXPECT_EQ(result.answer.header().ClientId.UniqueThread, current_thread_id());
}

ALPC_TEST(Requests, UnreleasedReplyOwesTheNextStep, "M16", "inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    auto client = request_in_thread(connection.client, "request");
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply", 0));
    RequestResult result = client.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.answer.type() & LPC_CONTINUATION_REQUIRED, unsigned{LPC_CONTINUATION_REQUIRED});
}

ALPC_TEST(Requests, ReplyOnTheServerPortReachesTheRequester, "M13", "OVMM mesh", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    auto client = request_in_thread(connection.client, "request");
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.server, received, "reply"));
    RequestResult result = client.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.answer.data(), "reply");
}

ALPC_TEST(Requests, ReleasedReplyIsAReply, "M14", "OVMM test_request_reply, CSK", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    auto client = request_in_thread(connection.client, "request");
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply"));
    RequestResult result = client.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.answer.type(), unsigned{LPC_REPLY});
    EXPECT_EQ(result.answer.id(), received.id());
}

ALPC_TEST(Requests, ServerAsksTheClient, "M20, M21", "OVMM test_request_reply", high) {
    Connection connection;
    PairOptions options;
    options.client = port_attributes(ALPC_PORFLG_ALLOW_LPC_REQUESTS);
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    Message<> message("abc");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.server, message.get(), 0));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.client, received));
    EXPECT_EQ(received.kind(), unsigned{LPC_REQUEST});
    EXPECT_EQ(received.data(), "abc");
    // The answer goes to the listener.
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.client, received, "def"));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.kind(), unsigned{LPC_REPLY});
    EXPECT_EQ(received.data(), "def");
}

ALPC_TEST(Requests, SynchronousRequestNeedsAReceiveBuffer, "M27", "ERREF", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("request");
    EXPECT_STATUS(STATUS_LPC_RECEIVE_BUFFER_EXPECTED,
                  send(connection.client, message.get(), ALPC_MSGFLG_SYNC_REQUEST));
    Message<> received;
    EXPECT_STATUS(STATUS_TIMEOUT, receive(connection.listener, received, nullptr, at_once));
}

ALPC_TEST(Requests, SynchronousRequestNeedsAMessage, "M28", "ROST", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> received;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER_2,
                  receive(connection.client, received, nullptr, long_wait, ALPC_MSGFLG_SYNC_REQUEST));
}

ALPC_TEST(Requests, SynchronousRequestCannotBeReleased, "M29", "PHNT, ROST", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("request"), answer;
    SIZE_T length = answer.size();
    LARGE_INTEGER limit = relative(long_wait);
    EXPECT_STATUS(STATUS_INVALID_PARAMETER_2,
                  api().NtAlpcSendWaitReceivePort(
                      connection.client.get(), ULONG{ALPC_MSGFLG_SYNC_REQUEST} | release, message.get(),
                      PALPC_MESSAGE_ATTRIBUTES{}, answer.get(), &length, PALPC_MESSAGE_ATTRIBUTES{}, &limit));
}

ALPC_TEST(Requests, ReplyToAnIdThatNeverWas, "M34", "ROST, ERREF", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> reply("reply");
    reply.header().MessageId = 0x7FFFFFF0;
    EXPECT_STATUS(STATUS_INVALID_MESSAGE, send(connection.listener, reply.get(), release));
}

ALPC_TEST(Requests, SecondReplyAfterTheFinalOne, "M35", "ROST", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("request");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply"));
    EXPECT_STATUS(STATUS_INVALID_MESSAGE, send_answer(connection.listener, received, "again"));
}

ALPC_TEST(Requests, ClientBufferServesBothWays, "M37", "TERM", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Thread client([&connection] {
        RequestResult result;
        result.answer = Message<>("request");
        SIZE_T length = result.answer.size();
        LARGE_INTEGER limit = relative(long_wait);
        result.status = api().NtAlpcSendWaitReceivePort(
            connection.client.get(), ULONG{0}, result.answer.get(), PALPC_MESSAGE_ATTRIBUTES{},
            result.answer.get(), &length, PALPC_MESSAGE_ATTRIBUTES{}, &limit);
        return result;
    });
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply"));
    RequestResult result = client.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.answer.data(), "reply");
}

ALPC_TEST(Requests, AnswerToAnAsynchronousRequestIsReceived, "M38", "OVMM mesh, IPCB", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("request");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply"));
    Message<> answer;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.client, answer));
    EXPECT_EQ(answer.kind(), unsigned{LPC_REPLY});
    EXPECT_EQ(answer.data(), "reply");
}

ALPC_TEST(Requests, AnswersArriveInTheOrderOfAnswering, "M39", "IPCB, inferred", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> received[2];
    for (Message<>& one : received) {
        Message<> message("request");
        ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
        ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, one));
    }
    ASSERT_NE(received[0].id(), received[1].id());
    for (int i : {1, 0}) {
        ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received[i], "reply"));
    }
    for (int i : {1, 0}) {
        Message<> answer;
        ASSERT_STATUS(STATUS_SUCCESS, receive(connection.client, answer));
        EXPECT_EQ(answer.id(), received[i].id());
    }
}

ALPC_TEST(Requests, AnswerGoesToTheThreadThatAsked, "M40", "inferred from WI", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    auto asking = request_in_thread(connection.client, "request");
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    Thread receiving([&connection] {
        Message<> stray;
        return receive(connection.client, stray, nullptr, std::chrono::milliseconds(300));
    });
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply"));
    RequestResult result = asking.join();
    EXPECT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.answer.data(), "reply");
    EXPECT_STATUS(STATUS_TIMEOUT, receiving.join());
}

ALPC_TEST(Requests, RequestThatNobodyAnswersInTime, "M43", "ROST, inferred", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("request"), answer;
    EXPECT_STATUS(STATUS_TIMEOUT, request(connection.client, message, answer, short_wait));
    EXPECT_TRUE(answer.untouched());
}

ALPC_TEST(Requests, ReplyAfterTheTimeoutFails, "M43", "ROST, inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    auto client = request_in_thread(connection.client, "request", std::chrono::milliseconds(300));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_EQ(received.kind(), unsigned{LPC_REQUEST});
    EXPECT_STATUS(STATUS_TIMEOUT, client.join().status);
    auto reply = Message<>::answer(received, "too late");
    EXPECT_FAILURE(send(connection.listener, reply.get(), release));
}

ALPC_TEST(Requests, ReceivedBufferGoesBackAsTheReply, "M49", "P4W", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    auto client = request_in_thread(connection.client, "request");
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    received.set_data("changed");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.listener, received.get(), 0));
    RequestResult result = client.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.answer.data(), "changed");
}

ALPC_TEST(Requests, ClassicServerLoopRepliesAndReceives, "5.1", "P4W, CSK", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Thread client([&connection] {
        for (int i = 0; i < 5; ++i) {
            const std::string data = "request " + std::to_string(i);
            Message<> message(data), answer;
            EXPECT_STATUS(STATUS_SUCCESS, request(connection.client, message, answer));
            EXPECT_EQ(answer.data(), data);
        }
    });
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    for (int i = 0; i < 4; ++i) {
        Message<> reply = received;
        SIZE_T length = received.size();
        LARGE_INTEGER limit = relative(long_wait);
        ASSERT_STATUS(STATUS_SUCCESS,
                      api().NtAlpcSendWaitReceivePort(connection.listener.get(), release, reply.get(),
                                                      PALPC_MESSAGE_ATTRIBUTES{}, received.get(), &length,
                                                      PALPC_MESSAGE_ATTRIBUTES{}, &limit));
    }
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.listener, received.get(), release));
    client.join();
}

ALPC_TEST(Requests, WrongCallbackId, "M36", "ROST", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("request");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    auto reply = Message<>::answer(received, "reply");
    reply.header().CallbackId += 1;
    EXPECT_STATUS(STATUS_INVALID_MESSAGE, send(connection.listener, reply.get(), release));
}

// The ticket travels as it was given; nobody else touches it (section 12).
ALPC_TEST(Requests, WorkOnBehalfTicketArrives, "12", "P0, CSK", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Attributes sent(ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE), seen(ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE);
    sent.get()->ValidAttributes = ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE;
    const ALPC_WORK_ON_BEHALF_TICKET ticket{0x1234, 0x5678};
    std::memcpy(api().AlpcGetMessageAttribute(sent.get(), ULONG{ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE}),
                &ticket, sizeof(ticket));
    Message<> message("datagram"), received;
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release, sent.get()));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received, seen.get()));
    ASSERT_EQ(seen.get()->ValidAttributes, ULONG{ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE});
    EXPECT_EQ(
        std::memcmp(api().AlpcGetMessageAttribute(seen.get(), ULONG{ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE}),
                    &ticket, sizeof(ticket)),
        0);
}

}  // namespace
}  // namespace ntalpc::conformance
