// SPDX-License-Identifier: LGPL-2.1-or-later
// Which attributes come with what, when the sender attached none.
#include "conformance/harness/requests.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;

const ALPC_TOKEN_ATTR& token_in(Attributes& attributes) {
    return *static_cast<ALPC_TOKEN_ATTR*>(
        api().AlpcGetMessageAttribute(attributes.get(), ULONG{ALPC_MESSAGE_TOKEN_ATTRIBUTE}));
}

bool equal(const LUID& one, const LUID& other) {
    return one.LowPart == other.LowPart && one.HighPart == other.HighPart;
}

ALPC_TEST(Received, ConnectionRequestHasTheTokenOnly, "N08", "CSK screenshot", high) {
    const Port listener = create_port(port_name());
    Port client;
    ASSERT_STATUS(STATUS_SUCCESS, connect(client, port_name()));
    Attributes attributes(ALPC_MESSAGE_ATTRIBUTE_ALL);
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request, attributes.get()));
    EXPECT_EQ(request.kind(), unsigned{LPC_CONNECTION_REQUEST});
    EXPECT_EQ(attributes.valid(), ULONG{ALPC_MESSAGE_TOKEN_ATTRIBUTE});
}

ALPC_TEST(Received, ConnectionReplyHasTheContextOnly, "N13", "CSK screenshot", high) {
    const std::string name = port_name();
    const Port listener = create_port(name);
    Attributes attributes(ALPC_MESSAGE_ATTRIBUTE_ALL);
    Port client;
    auto connecting = connect_in_thread(name, client, attributes);
    Message<> request;
    Port server;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    ASSERT_STATUS(STATUS_SUCCESS, accept(server, listener, request.get()));
    ASSERT_STATUS(STATUS_SUCCESS, connecting.join());
    EXPECT_EQ(attributes.valid(), ULONG{ALPC_MESSAGE_CONTEXT_ATTRIBUTE});
}

ALPC_TEST(Received, RequestHasContextAndToken, "M05, M19", "P4W advanced output", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("request"), received;
    Attributes attributes(ALPC_MESSAGE_ATTRIBUTE_ALL);
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received, attributes.get()));
    EXPECT_EQ(attributes.valid(), ULONG{ALPC_MESSAGE_CONTEXT_ATTRIBUTE | ALPC_MESSAGE_TOKEN_ATTRIBUTE});
}

ALPC_TEST(Received, TokenIsTheSameEveryTime, "M19", "P4W advanced output", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ALPC_TOKEN_ATTR tokens[3];
    for (ALPC_TOKEN_ATTR& token : tokens) {
        Message<> message("request"), received;
        Attributes attributes(ALPC_MESSAGE_TOKEN_ATTRIBUTE);
        ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release));
        ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received, attributes.get()));
        ASSERT_EQ(attributes.valid(), ULONG{ALPC_MESSAGE_TOKEN_ATTRIBUTE});
        token = token_in(attributes);
    }
    for (const ALPC_TOKEN_ATTR& token : tokens) {
        EXPECT_TRUE(equal(token.TokenId, tokens[0].TokenId));
        EXPECT_TRUE(equal(token.AuthenticationId, tokens[0].AuthenticationId));
    }
}

ALPC_TEST(Received, SynchronousReplyHasTheContextOnly, "M18", "P4W advanced output", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Attributes attributes(ALPC_MESSAGE_ATTRIBUTE_ALL);
    Thread client([&] {
        Message<> message("request"), answer;
        SIZE_T length = answer.size();
        LARGE_INTEGER limit = relative(long_wait);
        return api().NtAlpcSendWaitReceivePort(connection.client.get(), ULONG{ALPC_MSGFLG_SYNC_REQUEST},
                                               message.get(), PALPC_MESSAGE_ATTRIBUTES{}, answer.get(),
                                               &length, attributes.get(), &limit);
    });
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply"));
    ASSERT_STATUS(STATUS_SUCCESS, client.join());
    EXPECT_EQ(attributes.valid(), ULONG{ALPC_MESSAGE_CONTEXT_ATTRIBUTE});
}

// Any subset may be allocated; what is not is neither delivered nor written.
ALPC_TEST(Received, OnlyAllocatedAttributesAreDelivered, "2.5", "OVMM, P4W", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    for (ULONG subset = 0; subset < 128; ++subset) {
        const ULONG allocated = subset << 25;
        Message<> message("abc"), received;
        Attributes attributes(allocated);
        ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release));
        ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received, attributes.get()));
        EXPECT_EQ(attributes.valid(),
                  allocated & (ALPC_MESSAGE_CONTEXT_ATTRIBUTE | ALPC_MESSAGE_TOKEN_ATTRIBUTE))
            << std::hex << allocated;
        EXPECT_EQ(attributes.get()->AllocatedAttributes, allocated) << std::hex << allocated;
    }
}

ALPC_TEST(Received, NestedAnswersGoBackAndForth, "M44", "ROST, CSK", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    auto client = request_in_thread(connection.client, "0");
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "1", 0));
    RequestResult result = client.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    ASSERT_EQ(result.answer.kind(), unsigned{LPC_REQUEST});
    EXPECT_EQ(result.answer.data(), "1");
    // The client answers inside the same message, and waits again.
    Thread going_on([&] {
        auto next = Message<>::answer(result.answer, "2");
        Message<> last;
        EXPECT_STATUS(STATUS_SUCCESS, request(connection.client, next, last));
        return last;
    });
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.data(), "2");
    EXPECT_EQ(received.id(), result.answer.id());
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "3"));
    Message<> last = going_on.join();
    EXPECT_EQ(last.kind(), unsigned{LPC_REPLY});
    EXPECT_EQ(last.data(), "3");
}

}  // namespace
}  // namespace ntalpc::conformance
