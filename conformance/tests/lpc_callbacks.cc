// SPDX-License-Identifier: LGPL-2.1-or-later
// Callbacks: while a client waits for the answer to its request, the server asks that very thread something.
#include <memory>
#include <vector>

#include "conformance/harness/lpc.h"

namespace ntalpc::conformance {
namespace {

// A client in a thread of its own that answers callbacks until it has its reply.
struct Dialogue {
    NTSTATUS status = STATUS_UNSUCCESSFUL;  // of the last call
    std::vector<lpc::Message> messages;     // all that the client was given, in order
    HANDLE thread = nullptr;
};

Dialogue talk(const Port& client, bool answer_without_waiting) {
    Dialogue dialogue;
    lpc::Message request("request"), message;
    dialogue.thread = current_thread_id();
    dialogue.status = lpc::request(client, request, message);
    while (dialogue.status == STATUS_SUCCESS) {
        dialogue.messages.push_back(message);
        if (message.type() != LPC_REQUEST) break;
        message = lpc::answer_to(message, "answer to " + message.data());
        if (answer_without_waiting) {
            dialogue.status = lpc::reply(client, message);
            break;
        }
        dialogue.status = lpc::reply_and_wait(client, message);
    }
    return dialogue;
}

auto talk_in_thread(const Port& client, bool answer_without_waiting = false) {
    return Thread([&client, answer_without_waiting] { return talk(client, answer_without_waiting); });
}

// A client that waits, and its request as the server has received it.
struct Waiting {
    explicit Waiting(bool answer_without_waiting = false)
        : connection(made()), talking(talk_in_thread(connection->client, answer_without_waiting)) {
        EXPECT_STATUS(STATUS_SUCCESS, lpc::receive(connection->listener, original));
    }
    // After a failure the client must not wait for ever.
    ~Waiting() { connection->server.close(); }

    static std::unique_ptr<lpc::Connection> made() {
        auto result = std::make_unique<lpc::Connection>();
        lpc::make_connection(*result);
        return result;
    }

    NTSTATUS call_back(std::string_view question, lpc::Message& answer) {
        lpc::Message message = lpc::answer_to(original, question);
        return lpc::request(connection->server, message, answer);
    }

    std::unique_ptr<lpc::Connection> connection;
    decltype(talk_in_thread(std::declval<const Port&>())) talking;
    lpc::Message original;
};

ALPC_TEST(LpcCallbacks, ClientIsAskedAndAnswers, "A108, A109, A110", "ReactOS", medium) {
    Waiting waiting;
    lpc::Message answer;
    ASSERT_STATUS(STATUS_SUCCESS, waiting.call_back("question", answer));
    EXPECT_EQ(answer.type(), unsigned{LPC_REPLY});
    EXPECT_EQ(answer.data(), "answer to question");
    EXPECT_EQ(answer.id(), waiting.original.id());
    EXPECT_FALSE(waiting.talking.done());
    lpc::Message reply = lpc::answer_to(waiting.original, "reply");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::reply(waiting.connection->server, reply));
    Dialogue dialogue = waiting.talking.join();
    ASSERT_STATUS(STATUS_SUCCESS, dialogue.status);
    ASSERT_EQ(dialogue.messages.size(), 2u);
    lpc::Message& callback = dialogue.messages[0];
    EXPECT_EQ(callback.type(), unsigned{LPC_REQUEST});
    EXPECT_EQ(callback.data(), "question");
    EXPECT_EQ(callback.id(), waiting.original.id());
    EXPECT_NE(callback.callback_id(), 0u);
    EXPECT_EQ(callback.header().ClientId.UniqueProcess, current_process_id());
    EXPECT_EQ(callback.header().ClientId.UniqueThread, current_thread_id());
    lpc::Message& last = dialogue.messages[1];
    EXPECT_EQ(last.type(), unsigned{LPC_REPLY});
    EXPECT_EQ(last.data(), "reply");
    EXPECT_EQ(last.id(), waiting.original.id());
    EXPECT_EQ(last.header().ClientId.UniqueThread, dialogue.thread);
}

ALPC_TEST(LpcCallbacks, CallbackThroughTheConnectionPort, "section 10", "ReactOS", medium) {
    Waiting waiting;
    lpc::Message message = lpc::answer_to(waiting.original, "question"), answer;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::request(waiting.connection->listener, message, answer));
    EXPECT_EQ(answer.data(), "answer to question");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::reply(waiting.connection->listener, waiting.original));
    EXPECT_STATUS(STATUS_SUCCESS, waiting.talking.join().status);
}

ALPC_TEST(LpcCallbacks, EveryCallbackHasItsId, "A111", "ReactOS", medium) {
    Waiting waiting;
    lpc::Message answer;
    ASSERT_STATUS(STATUS_SUCCESS, waiting.call_back("one", answer));
    ASSERT_STATUS(STATUS_SUCCESS, waiting.call_back("two", answer));
    EXPECT_EQ(answer.data(), "answer to two");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::reply(waiting.connection->server, waiting.original));
    Dialogue dialogue = waiting.talking.join();
    ASSERT_STATUS(STATUS_SUCCESS, dialogue.status);
    ASSERT_EQ(dialogue.messages.size(), 3u);
    EXPECT_NE(dialogue.messages[0].callback_id(), dialogue.messages[1].callback_id());
    for (lpc::Message& message : dialogue.messages) EXPECT_EQ(message.id(), waiting.original.id());
}

ALPC_TEST(LpcCallbacks, ReplyWhileTheClientAnswers, "A112", "ReactOS", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    std::promise<void> asked, may_answer;
    Thread client([&] {
        lpc::Message request("request"), message;
        EXPECT_STATUS(STATUS_SUCCESS, lpc::request(connection.client, request, message));
        asked.set_value();
        may_answer.get_future().wait();
        EXPECT_STATUS(STATUS_SUCCESS, lpc::reply_and_wait(connection.client, message));
        return message.data();
    });
    lpc::Message original;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, original));
    Thread server([&] {
        lpc::Message message = lpc::answer_to(original, "question"), answer;
        return lpc::request(connection.server, message, answer);
    });
    asked.get_future().wait();
    EXPECT_STATUS(STATUS_REPLY_MESSAGE_MISMATCH, lpc::reply(connection.server, original));
    may_answer.set_value();
    EXPECT_STATUS(STATUS_SUCCESS, server.join());
    lpc::Message reply = lpc::answer_to(original, "reply");
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(connection.server, reply));
    EXPECT_EQ(client.join(), "reply");
}

ALPC_TEST(LpcCallbacks, CallbackIntoIdZero, "A113", "ReactOS", medium) {
    Waiting waiting;
    lpc::Message message = waiting.original, answer;
    message.header().MessageId = 0;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, lpc::request(waiting.connection->server, message, answer));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(waiting.connection->server, waiting.original));
    EXPECT_STATUS(STATUS_SUCCESS, waiting.talking.join().status);
}

ALPC_TEST(LpcCallbacks, CallbackToAThreadThatDoesNotWait, "A114", "ReactOS", medium) {
    Waiting waiting;
    lpc::Message message = waiting.original, answer;
    message.header().ClientId.UniqueThread = current_thread_id();
    EXPECT_STATUS(STATUS_REPLY_MESSAGE_MISMATCH, lpc::request(waiting.connection->server, message, answer));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(waiting.connection->server, waiting.original));
    EXPECT_STATUS(STATUS_SUCCESS, waiting.talking.join().status);
}

ALPC_TEST(LpcCallbacks, AnswerWithoutWaitingOn, "A115", "inferred", medium) {
    Waiting waiting(true);
    lpc::Message answer;
    ASSERT_STATUS(STATUS_SUCCESS, waiting.call_back("question", answer));
    EXPECT_EQ(answer.data(), "answer to question");
    EXPECT_STATUS(STATUS_SUCCESS, waiting.talking.join().status);
    // Which of the two depends on whether the end of the thread has been noticed.
    const Unrecorded unrecorded;
    EXPECT_TRUE(is_one_of(lpc::reply(waiting.connection->server, waiting.original),
                          STATUS_REPLY_MESSAGE_MISMATCH, STATUS_INVALID_CID));
}

// The client asks back inside the callback, and every level is answered in turn.
ALPC_TEST(LpcCallbacks, CallbackInsideACallback, "section 10", "ReactOS", low) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    Thread client([&connection] {
        lpc::Message request("request"), callback, message;
        EXPECT_STATUS(STATUS_SUCCESS, lpc::request(connection.client, request, callback));
        lpc::Message back = lpc::answer_to(callback, "back");
        EXPECT_STATUS(STATUS_SUCCESS, lpc::request(connection.client, back, message));
        EXPECT_EQ(message.data(), "answer to back");
        callback.set_data("answer to question");
        EXPECT_STATUS(STATUS_SUCCESS, lpc::reply_and_wait(connection.client, callback));
        return callback.data();
    });
    lpc::Message original;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, original));
    lpc::Message message = lpc::answer_to(original, "question"), received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::request(connection.server, message, received));
    EXPECT_EQ(received.type(), unsigned{LPC_REQUEST});
    EXPECT_EQ(received.data(), "back");
    EXPECT_EQ(received.id(), original.id());
    received.set_data("answer to back");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::reply_and_wait(connection.server, received));
    EXPECT_EQ(received.type(), unsigned{LPC_REPLY});
    EXPECT_EQ(received.data(), "answer to question");
    lpc::Message reply = lpc::answer_to(original, "reply");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::reply(connection.server, reply));
    EXPECT_EQ(client.join(), "reply");
}

}  // namespace
}  // namespace ntalpc::conformance
