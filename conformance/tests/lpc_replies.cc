// SPDX-License-Identifier: LGPL-2.1-or-later
// Replies to legacy requests: they are addressed to the thread that waits, and to nothing else. A reply that
// is turned down leaves the requester waiting.
#include <optional>

#include "conformance/harness/lpc.h"

namespace ntalpc::conformance {
namespace {

// A connection, a client's thread that asks, and the request as the server has received it.
struct Asked {
    Asked() {
        lpc::make_connection(connection);
        asking.emplace(connection.client);
        EXPECT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
        EXPECT_EQ(received.type(), unsigned{LPC_REQUEST});
    }
    // After a failure the client must not wait for ever.
    ~Asked() { connection.server.close(); }

    // The right reply still works.
    void finish() {
        EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(connection.listener, received));
        EXPECT_STATUS(STATUS_SUCCESS, asking->join().status);
    }

    struct Asking {
        explicit Asking(const Port& client) : thread(lpc::request_in_thread(client, "request")) {}
        lpc::RequestResult join() { return thread.join(); }
        bool done() { return thread.done(); }
        decltype(lpc::request_in_thread(std::declval<const Port&>(), "")) thread;
    };

    lpc::Connection connection;
    std::optional<Asking> asking;
    lpc::Message received;
};

ALPC_TEST(LpcReplies, ReplyThroughTheConnectionPort, "A087", "Wine test", high) {
    Asked asked;
    asked.finish();
}

ALPC_TEST(LpcReplies, ReplyThroughTheServersPort, "A088", "ReactOS, phnt", high) {
    Asked asked;
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(asked.connection.server, asked.received));
    EXPECT_STATUS(STATUS_SUCCESS, asked.asking->join().status);
}

ALPC_TEST(LpcReplies, RequesterSeesTheReplyAndItself, "A083, A169", "Wine test, ReactOS, Sandboxie", high) {
    Asked asked;
    lpc::Message answer = lpc::answer_to(asked.received, "a longer answer");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::reply(asked.connection.listener, answer));
    lpc::RequestResult result = asked.asking->join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.answer.type(), unsigned{LPC_REPLY});
    EXPECT_EQ(result.answer.data(), "a longer answer");
    EXPECT_EQ(result.answer.total_length(), header_size + 15);
    EXPECT_EQ(result.answer.id(), asked.received.id());
    EXPECT_EQ(result.answer.header().ClientId.UniqueProcess, current_process_id());
    EXPECT_EQ(result.answer.header().ClientId.UniqueThread, result.thread);
}

ALPC_TEST(LpcReplies, ReplyWithoutData, "A083", "Sandboxie", high) {
    Asked asked;
    lpc::Message answer = lpc::answer_to(asked.received, "");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::reply(asked.connection.listener, answer));
    lpc::RequestResult result = asked.asking->join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.answer.data_length(), 0u);
    EXPECT_EQ(result.answer.total_length(), header_size);
}

ALPC_TEST(LpcReplies, OneBufferForRequestAndReply, "A084", "ReactOS, phnt", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    Thread asking([&connection] {
        lpc::RequestResult result;
        result.answer = lpc::Message("request");
        result.status = lpc::request(connection.client, result.answer, result.answer);
        return result;
    });
    lpc::Message received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
    lpc::Message answer = lpc::answer_to(received, "reply");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::reply(connection.listener, answer));
    lpc::RequestResult result = asking.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.answer.data(), "reply");
}

// Older versions look at the thread only; which check comes first, and whether it is there, differs.
ALPC_TEST(LpcReplies, ReplyThroughAnotherClientsPort, "A089", "ReactOS", low) {
    Asked asked;
    Port server, client;
    ASSERT_NO_FATAL_FAILURE(lpc::add_client(asked.connection.listener, port_name(), server, client));
    EXPECT_STATUS(STATUS_REPLY_MESSAGE_MISMATCH, lpc::reply(server, asked.received));
    asked.finish();
}

ALPC_TEST(LpcReplies, ReplyToAnotherId, "A090", "ReactOS, docs", high) {
    Asked asked;
    lpc::Message wrong = asked.received;
    wrong.header().MessageId += 1;
    EXPECT_STATUS(STATUS_REPLY_MESSAGE_MISMATCH, lpc::reply(asked.connection.listener, wrong));
    EXPECT_FALSE(asked.asking->done());
    asked.finish();
}

ALPC_TEST(LpcReplies, ReplyToIdZero, "A091", "ReactOS", medium) {
    Asked asked;
    lpc::Message wrong = asked.received;
    wrong.header().MessageId = 0;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, lpc::reply(asked.connection.listener, wrong));
    asked.finish();
}

ALPC_TEST(LpcReplies, ReplyToAThreadThatDoesNotWait, "A092", "ReactOS, docs", medium) {
    Asked asked;
    lpc::Message wrong = asked.received;
    wrong.header().ClientId.UniqueThread = current_thread_id();
    EXPECT_STATUS(STATUS_REPLY_MESSAGE_MISMATCH, lpc::reply(asked.connection.listener, wrong));
    asked.finish();
}

ALPC_TEST(LpcReplies, ReplyToAThreadThatIsNot, "A093", "ReactOS, inferred", low) {
    Asked asked;
    lpc::Message wrong = asked.received;
    wrong.header().ClientId.UniqueThread = reinterpret_cast<HANDLE>(ULONG_PTR{0x7FFFFFF0});
    EXPECT_TRUE(is_one_of(lpc::reply(asked.connection.listener, wrong), STATUS_INVALID_CID,
                          STATUS_REPLY_MESSAGE_MISMATCH));
    asked.finish();
}

ALPC_TEST(LpcReplies, ReplyToAThreadOfAnotherProcess, "A094", "ReactOS, inferred", low) {
    Asked asked;
    lpc::Message wrong = asked.received;
    wrong.header().ClientId.UniqueProcess = reinterpret_cast<HANDLE>(ULONG_PTR{0x7FFFFFF0});
    EXPECT_TRUE(is_one_of(lpc::reply(asked.connection.listener, wrong), STATUS_INVALID_CID,
                          STATUS_REPLY_MESSAGE_MISMATCH));
    asked.finish();
}

ALPC_TEST(LpcReplies, SecondReply, "A095", "ReactOS", high) {
    Asked asked;
    // The thread must still be there, or its absence would be what is told.
    Thread asking_again([&asked] {
        lpc::Message message("request"), answer;
        EXPECT_STATUS(STATUS_SUCCESS, lpc::request(asked.connection.client, message, answer));
        return lpc::request(asked.connection.client, message, answer);
    });
    lpc::Message first, second;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(asked.connection.listener, first));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::reply(asked.connection.listener, first));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(asked.connection.listener, second));
    if (first.id() != second.id()) {  // ids may be used again
        EXPECT_STATUS(STATUS_REPLY_MESSAGE_MISMATCH, lpc::reply(asked.connection.listener, first));
    }
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(asked.connection.listener, second));
    EXPECT_STATUS(STATUS_SUCCESS, asking_again.join());
    asked.finish();
}

ALPC_TEST(LpcReplies, ReplyToADatagram, "A096", "ReactOS", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    lpc::Message message("datagram"), received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(connection.client, message));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
    EXPECT_STATUS(STATUS_REPLY_MESSAGE_MISMATCH, lpc::reply(connection.listener, received));
}

ALPC_TEST(LpcReplies, ReplyThatIsTooLong, "A097", "ReactOS", high) {
    Asked asked;
    lpc::Message wrong = asked.received;
    wrong.header().u1.s1.TotalLength = static_cast<SHORT>(lpc::max_message_length + 1);
    EXPECT_STATUS(STATUS_PORT_MESSAGE_TOO_LONG, lpc::reply(asked.connection.listener, wrong));
    EXPECT_FALSE(asked.asking->done());
    asked.finish();
}

ALPC_TEST(LpcReplies, ReplyWithWrongLengths, "section 9.1", "ReactOS", medium) {
    Asked asked;
    lpc::Message wrong = asked.received;
    wrong.header().u1.s1.TotalLength = static_cast<SHORT>(header_size + wrong.data_length() - 1);
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, lpc::reply(asked.connection.listener, wrong));
    asked.finish();
}

ALPC_TEST(LpcReplies, RepliesInReverseOrder, "A098", "inferred", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    Port server, client;
    ASSERT_NO_FATAL_FAILURE(lpc::add_client(connection.listener, port_name(), server, client));
    lpc::Message first, second;
    auto first_asking = lpc::request_in_thread(connection.client, "first");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, first));
    auto second_asking = lpc::request_in_thread(client, "second");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, second));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(connection.listener, second));
    EXPECT_EQ(second_asking.join().answer.data(), "second");
    EXPECT_FALSE(first_asking.done());
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(connection.listener, first));
    EXPECT_EQ(first_asking.join().answer.data(), "first");
}

ALPC_TEST(LpcReplies, TwoThreadsAskThroughOnePort, "A098", "inferred", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    lpc::Message first, second;
    auto first_asking = lpc::request_in_thread(connection.client, "first");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, first));
    auto second_asking = lpc::request_in_thread(connection.client, "second");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, second));
    EXPECT_NE(first.id(), second.id());
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(connection.listener, second));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(connection.listener, first));
    EXPECT_EQ(first_asking.join().answer.data(), "first");
    EXPECT_EQ(second_asking.join().answer.data(), "second");
}

ALPC_TEST(LpcReplies, AnotherThreadReplies, "A099", "ReactOS", high) {
    Asked asked;
    Thread replying([&asked] { return lpc::reply(asked.connection.listener, asked.received); });
    EXPECT_STATUS(STATUS_SUCCESS, replying.join());
    EXPECT_STATUS(STATUS_SUCCESS, asked.asking->join().status);
}

ALPC_TEST(LpcReplies, BadReplyReceivesNothing, "A100", "ReactOS", high) {
    Asked asked;
    lpc::Message datagram("queued"), wrong = asked.received, next;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(asked.connection.client, datagram));
    wrong.header().MessageId += 1;
    EXPECT_STATUS(STATUS_REPLY_MESSAGE_MISMATCH,
                  lpc::reply_and_receive(asked.connection.listener, wrong, next));
    EXPECT_TRUE(next.untouched());
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(asked.connection.listener, next, nullptr, at_once));
    EXPECT_EQ(next.data(), "queued");
    asked.finish();
}

ALPC_TEST(LpcReplies, ReplyAndReceiveOnAServersPort, "A101", "Sandboxie", high) {
    Asked asked;
    Port server, client;
    ASSERT_NO_FATAL_FAILURE(lpc::add_client(asked.connection.listener, port_name(), server, client));
    lpc::Message datagram("from the other"), next;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(client, datagram));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::reply_and_receive(asked.connection.server, asked.received, next));
    EXPECT_EQ(next.data(), "from the other");
    EXPECT_STATUS(STATUS_SUCCESS, asked.asking->join().status);
}

ALPC_TEST(LpcReplies, OneBufferForReplyAndReceive, "section 9.2", "phnt, Sandboxie", high) {
    Asked asked;
    lpc::Message datagram("next");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(asked.connection.client, datagram));
    lpc::Message& buffer = asked.received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::reply_and_receive(asked.connection.listener, buffer, buffer));
    EXPECT_EQ(buffer.data(), "next");
    EXPECT_STATUS(STATUS_SUCCESS, asked.asking->join().status);
}

ALPC_TEST(LpcReplies, ReplierKeepsItsBuffer, "A102", "Wine test", high) {
    Asked asked;
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(asked.connection.listener, asked.received));
    EXPECT_EQ(asked.received.type(), unsigned{LPC_REQUEST});
    EXPECT_EQ(asked.received.data(), "request");
    EXPECT_STATUS(STATUS_SUCCESS, asked.asking->join().status);
}

// Through its own port a server asks like a client: the request waits in the queue of the client's port.
ALPC_TEST(LpcReplies, ServerAsksAClient, "section 1.2", "ReactOS", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    auto asking = lpc::request_in_thread(connection.server, "question");
    lpc::Message received;
    PVOID context = lpc::test_context();
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.client, received, &context));
    EXPECT_EQ(received.type(), unsigned{LPC_REQUEST});
    EXPECT_EQ(received.data(), "question");
    EXPECT_EQ(context, nullptr);
    lpc::Message answer = lpc::answer_to(received, "answer");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::reply(connection.client, answer));
    lpc::RequestResult result = asking.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.answer.type(), unsigned{LPC_REPLY});
    EXPECT_EQ(result.answer.data(), "answer");
}

// A loop that meets an error forgets its reply and goes on.
ALPC_TEST(LpcReplies, LoopGoesOnAfterAFailure, "A167", "ReactOS, phnt", high) {
    Asked asked;
    lpc::Message wrong = asked.received, next;
    wrong.header().ClientId.UniqueThread = reinterpret_cast<HANDLE>(ULONG_PTR{0x7FFFFFF0});
    EXPECT_FAILURE(lpc::reply_and_receive(asked.connection.listener, wrong, next));
    lpc::Message datagram("later");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(asked.connection.client, datagram));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(asked.connection.listener, next));
    EXPECT_EQ(next.data(), "later");
    asked.finish();
}

}  // namespace
}  // namespace ntalpc::conformance
