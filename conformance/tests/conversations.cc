// SPDX-License-Identifier: LGPL-2.1-or-later
// Conversations that go on after the first reply, what comes with a message without having been attached, and
// the very longest messages.
#include <memory>

#include "conformance/harness/ports.h"
#include "conformance/harness/thread.h"

namespace ntalpc::conformance {
namespace {

// What a synchronous request came back with.
struct RequestResult {
    NTSTATUS status = STATUS_UNSUCCESSFUL;
    Message<> answer;
    ULONG valid = 0;
};

// Sends in a second thread, as the answer to `answered` if that is not 0, and asks for every attribute.
auto ask_in_thread(const Port& client, std::string_view data, ULONG answered = 0) {
    return Thread([&client, data = std::string(data), answered] {
        RequestResult result;
        Message<> message(data);
        message.header().MessageId = answered;
        Attributes attributes(ALPC_MESSAGE_ATTRIBUTE_ALL);
        SIZE_T length = result.answer.size();
        LARGE_INTEGER limit = relative(long_wait);
        result.status = api().NtAlpcSendWaitReceivePort(
            client.get(), ULONG{ALPC_MSGFLG_SYNC_REQUEST}, message.get(), PALPC_MESSAGE_ATTRIBUTES{},
            result.answer.get(), &length, attributes.get(), &limit);
        result.valid = attributes.valid();
        return result;
    });
}

ALPC_TEST(Conversations, PlainReplyCarriesTheContextOnly, "M18", "P4W advanced output", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    auto client = ask_in_thread(connection.client, "question");
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    auto reply = Message<>::answer(received, "answer");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.listener, reply.get(), ALPC_MSGFLG_RELEASE_MESSAGE));
    const RequestResult result = client.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.valid, ULONG{ALPC_MESSAGE_CONTEXT_ATTRIBUTE});
}

ALPC_TEST(Conversations, AnswerBringsBackTheContextOfTheRequest, "5.4", "WI", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("question");
    Attributes sent(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    sent.set_valid(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    sent.context().MessageContext = reinterpret_cast<PVOID>(ULONG_PTR{0x1234});
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0, sent.get()));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    auto reply = Message<>::answer(received, "answer");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.listener, reply.get(), ALPC_MSGFLG_RELEASE_MESSAGE));
    Attributes back(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.client, received, back.get()));
    EXPECT_EQ(back.context().MessageContext, sent.context().MessageContext);
}

ALPC_TEST(Conversations, ConnectionRequestCarriesTheTokenOnly, "N08", "CSK screenshot", high) {
    const std::string name = port_name();
    const Port listener = create_port(name);
    Port client;
    ASSERT_STATUS(STATUS_SUCCESS, connect(client, name));
    Message<> request;
    Attributes attributes(ALPC_MESSAGE_ATTRIBUTE_ALL);
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request, attributes.get()));
    EXPECT_EQ(attributes.valid(), ULONG{ALPC_MESSAGE_TOKEN_ATTRIBUTE});
}

ALPC_TEST(Conversations, PlainAcceptCarriesTheContextOnly, "N13", "CSK screenshot", high) {
    const std::string name = port_name();
    const Port listener = create_port(name);
    Thread client([&name] {
        Port port;
        Name port_name(name);
        ALPC_PORT_ATTRIBUTES port_attributes = conformance::port_attributes();
        Attributes attributes(ALPC_MESSAGE_ATTRIBUTE_ALL);
        LARGE_INTEGER limit = relative(long_wait);
        EXPECT_STATUS(STATUS_SUCCESS, api().NtAlpcConnectPort(
                                          port.put(), port_name.get(), POBJECT_ATTRIBUTES{}, &port_attributes,
                                          ULONG{ALPC_MSGFLG_SYNC_REQUEST}, PSID{}, PPORT_MESSAGE{}, PSIZE_T{},
                                          PALPC_MESSAGE_ATTRIBUTES{}, attributes.get(), &limit));
        return attributes.valid();
    });
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    Port server;
    ASSERT_STATUS(STATUS_SUCCESS, accept(server, listener, request.get()));
    EXPECT_EQ(client.join(), ULONG{ALPC_MESSAGE_CONTEXT_ATTRIBUTE});
}

ALPC_TEST(Conversations, RepliesGoToAndFroUntilOneSideReleases, "M44", "ROST, CSK", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    auto first = ask_in_thread(connection.client, "question");
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    auto counter_question = Message<>::answer(received, "counter-question");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.listener, counter_question.get(), 0));
    RequestResult asked = first.join();
    ASSERT_STATUS(STATUS_SUCCESS, asked.status);
    EXPECT_EQ(asked.answer.data(), "counter-question");
    EXPECT_EQ(asked.answer.id(), received.id());

    auto second = ask_in_thread(connection.client, "explanation", asked.answer.id());
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.data(), "explanation");
    EXPECT_EQ(received.id(), asked.answer.id());
    auto reply = Message<>::answer(received, "answer");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.listener, reply.get(), ALPC_MSGFLG_RELEASE_MESSAGE));
    RequestResult told = second.join();
    ASSERT_STATUS(STATUS_SUCCESS, told.status);
    EXPECT_EQ(told.answer.data(), "answer");
    EXPECT_STATUS(STATUS_INVALID_MESSAGE,
                  send(connection.listener, reply.get(), ALPC_MSGFLG_RELEASE_MESSAGE));
}

// Nobody knows where the end is: each length is delivered whole or refused as too long.
ALPC_TEST(Conversations, TheVeryLongestMessages, "M52", "CSK text against CSK comment", low) {
    constexpr std::size_t capacity = 0xFFFF - header_size;
    Connection connection;
    PairOptions options;
    options.listener = options.client = port_attributes(0, 0xFFFF);
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    auto message = std::make_unique<Message<capacity>>();
    for (std::size_t total = 0xFFF9; total <= 0xFFFF; ++total) {
        *message = Message<capacity>(std::string(total - header_size, 'x'));
        const NTSTATUS status = send(connection.client, message->get(), ALPC_MSGFLG_RELEASE_MESSAGE);
        observe_status("a message of " + std::to_string(total) + " bytes", status);
        EXPECT_TRUE(is_one_of(status, STATUS_SUCCESS, STATUS_PORT_MESSAGE_TOO_LONG)) << total;
        if (status != STATUS_SUCCESS) continue;
        ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, *message));
        EXPECT_EQ(message->total_length(), total);
    }
}

}  // namespace
}  // namespace ntalpc::conformance
