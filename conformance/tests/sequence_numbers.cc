// SPDX-License-Identifier: LGPL-2.1-or-later
// The numbers in the context attribute and in the basic information, on a connection that is used so much
// that an implementation may have found a faster way, with questions in between that may make it leave that.
#include "conformance/harness/ports.h"
#include "conformance/harness/requests.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;

ULONG number_at(const Port& port) {
    ALPC_BASIC_INFORMATION information{};
    EXPECT_STATUS(STATUS_SUCCESS,
                  api().NtAlpcQueryInformation(port.get(), AlpcBasicInformation, PVOID{&information},
                                               ULONG{sizeof(information)}, PULONG{}));
    return information.SequenceNo;
}

void receive_number(const Port& port, Message<>& message, ULONG* number) {
    Attributes attributes(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    ASSERT_STATUS(STATUS_SUCCESS, receive(port, message, attributes.get()));
    *number = attributes.context().Sequence;
}

ALPC_TEST(SequenceNumbers, RequestsAreCountedFromOne, "M06", "P4W advanced output", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    for (ULONG expected = 1; expected <= 60; ++expected) {
        Message<> request("request"), received;
        ULONG number = 0;
        ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, request.get(), 0));
        ASSERT_NO_FATAL_FAILURE(receive_number(connection.listener, received, &number));
        ASSERT_EQ(number, expected);
        ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "answer"));
        ASSERT_STATUS(STATUS_SUCCESS, receive(connection.client, received));
        if (expected % 7 == 0) number_at(connection.client);
    }
}

// Both sides count, as far as is known in the same way.
ALPC_TEST(SequenceNumbers, AnswersAreCountedWithoutAGap, "3.3", "P4W recording", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ULONG before = 0;
    for (int i = 0; i < 60; ++i) {
        Message<> request("request"), received;
        ULONG number = 0;
        ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, request.get(), 0));
        ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
        ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "answer"));
        ASSERT_NO_FATAL_FAILURE(receive_number(connection.client, received, &number));
        if (i != 0) {
            ASSERT_EQ(number, before + 1);
        }
        before = number;
        if (i % 7 == 0) number_at(connection.client);
    }
}

// What the sender finds in its context attribute is the port's counter.
ALPC_TEST(SequenceNumbers, SentMessagesAreCountedAsThePortDoes, "3.3", "CSK", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    const ULONG first = number_at(connection.client);
    for (ULONG sent = 1; sent <= 60; ++sent) {
        Message<> message("datagram"), received;
        Attributes attributes(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
        attributes.set_valid(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
        attributes.context() = {};
        ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release, attributes.get()));
        ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
        ASSERT_EQ(attributes.context().Sequence, first + sent);
        if (sent % 7 == 0) {
            ASSERT_EQ(number_at(connection.client), first + sent);
        }
    }
}

}  // namespace
}  // namespace ntalpc::conformance
