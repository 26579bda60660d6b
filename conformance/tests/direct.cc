// SPDX-License-Identifier: LGPL-2.1-or-later
// The direct attribute: an event that tells the sender when its message has been processed, and the question
// whether it has been. No public program uses it and the sources disagree on who sets the event, so all of
// this is of low confidence.
#include "conformance/harness/event.h"
#include "conformance/harness/ports.h"
#include "conformance/harness/requests.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;
constexpr ULONG kAttributes = ALPC_MESSAGE_DIRECT_ATTRIBUTE | ALPC_MESSAGE_CONTEXT_ATTRIBUTE;

// A message's attributes with an event, from which the sent message's id is learned.
class DirectAttributes {
  public:
    explicit DirectAttributes(HANDLE event) : attributes_(kAttributes) {
        void* const direct =
            api().AlpcGetMessageAttribute(attributes_.get(), ULONG{ALPC_MESSAGE_DIRECT_ATTRIBUTE});
        static_cast<ALPC_DIRECT_ATTR*>(direct)->EventHandle = event;
        attributes_.set_valid(kAttributes);
    }
    PALPC_MESSAGE_ATTRIBUTES get() { return attributes_.get(); }
    ALPC_CONTEXT_ATTR& context() { return attributes_.context(); }
    ULONG id() { return context().MessageId; }

  private:
    Attributes attributes_;
};

NTSTATUS status_of(const Port& port, ULONG id) {
    Message<> named("");
    named.header().MessageId = id;
    return api().NtAlpcQueryInformationMessage(port.get(), named.get(), AlpcMessageDirectStatusInformation,
                                               PVOID{}, ULONG{0}, PULONG{});
}

ALPC_TEST(Direct, DatagramIsProcessedWhenItIsReceived, "12, 7.2", "CSK, P0", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Event event;
    DirectAttributes attributes(event.get());
    Message<> message("datagram"), received;
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release, attributes.get()));
    EXPECT_STATUS(STATUS_PENDING, status_of(connection.client, attributes.id()));
    EXPECT_FALSE(event.is_set(short_wait));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.data(), "datagram");
    EXPECT_TRUE(event.is_set(long_wait));
    EXPECT_STATUS(STATUS_SUCCESS, status_of(connection.client, attributes.id()));
}

ALPC_TEST(Direct, RequestIsProcessedWhenItIsAnswered, "12, 7.2", "CSK, P0", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Event event;
    DirectAttributes attributes(event.get());
    Message<> message("request"), received, answer;
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0, attributes.get()));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_STATUS(STATUS_PENDING, status_of(connection.client, attributes.id()));
    EXPECT_FALSE(event.is_set(short_wait));
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply"));
    EXPECT_TRUE(event.is_set(long_wait));
    EXPECT_STATUS(STATUS_SUCCESS, status_of(connection.client, attributes.id()));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.client, answer, nullptr, at_once));
    EXPECT_EQ(answer.data(), "reply");
}

ALPC_TEST(Direct, SynchronousRequest, "12", "inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Event event;
    DirectAttributes attributes(event.get());
    Thread client([&] {
        Message<> message("request"), answer;
        SIZE_T length = answer.size();
        LARGE_INTEGER limit = relative(long_wait);
        return api().NtAlpcSendWaitReceivePort(connection.client.get(), ULONG{ALPC_MSGFLG_SYNC_REQUEST},
                                               message.get(), attributes.get(), answer.get(), &length,
                                               PALPC_MESSAGE_ATTRIBUTES{}, &limit);
    });
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_FALSE(event.is_set());
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply"));
    EXPECT_STATUS(STATUS_SUCCESS, client.join());
    EXPECT_TRUE(event.is_set(long_wait));
}

ALPC_TEST(Direct, ServerSendsOneToItsClient, "12", "inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Event event;
    DirectAttributes attributes(event.get());
    Message<> message("datagram"), received;
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.server, message.get(), release, attributes.get()));
    EXPECT_STATUS(STATUS_PENDING, status_of(connection.server, attributes.id()));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.client, received));
    EXPECT_TRUE(event.is_set(long_wait));
    EXPECT_STATUS(STATUS_SUCCESS, status_of(connection.server, attributes.id()));
}

ALPC_TEST(Direct, ReceiverSeesNoEvent, "12", "inferred from PHNT", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Event event;
    DirectAttributes attributes(event.get());
    Attributes seen(ALPC_MESSAGE_DIRECT_ATTRIBUTE);
    Message<> message("datagram"), received;
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release, attributes.get()));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received, seen.get()));
    EXPECT_EQ(seen.valid(), 0u);
}

ALPC_TEST(Direct, CanceledMessageIsProcessed, "12, 6.3", "inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Event event;
    DirectAttributes attributes(event.get());
    Message<> message("request");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0, attributes.get()));
    ALPC_CONTEXT_ATTR context = attributes.context();
    ASSERT_STATUS(STATUS_SUCCESS, api().NtAlpcCancelMessage(connection.client.get(), ULONG{0}, &context));
    EXPECT_TRUE(event.is_set(long_wait));
}

ALPC_TEST(Direct, EndOfTheConnectionProcessesIt, "12, 18", "inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Event event;
    DirectAttributes attributes(event.get());
    Message<> message("request");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0, attributes.get()));
    connection.server.close();
    EXPECT_TRUE(event.is_set(long_wait));
}

ALPC_TEST(Direct, EventMayBeClosedBeforeItIsSet, "12", "inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Event event;
    DirectAttributes attributes(event.get());
    Message<> message("datagram"), received;
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release, attributes.get()));
    event.close();
    EXPECT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
}

ALPC_TEST(Direct, AnswerDoesNotSignalThePort, "12, 3.2", "inferred from the direct queue", low) {
    Connection connection;
    PairOptions options;
    options.client = port_attributes(ALPC_PORFLG_WAITABLE_PORT);
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    Event event;
    DirectAttributes attributes(event.get());
    Message<> message("request"), received, answer;
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0, attributes.get()));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply"));
    EXPECT_TRUE(event.is_set(long_wait));
    LARGE_INTEGER no_wait = relative(at_once);
    EXPECT_STATUS(STATUS_TIMEOUT, NtWaitForSingleObject(connection.client.get(), FALSE, &no_wait));
    EXPECT_STATUS(STATUS_SUCCESS, receive(connection.client, answer, nullptr, at_once));
}

ALPC_TEST(Direct, HandleThatIsNoEvent, "12", "object manager", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("datagram"), received;
    DirectAttributes port(connection.client.get());
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, send(connection.client, message.get(), release, port.get()));
    DirectAttributes none(reinterpret_cast<HANDLE>(ULONG_PTR{0x7FFFFFF4}));
    EXPECT_STATUS(STATUS_INVALID_HANDLE, send(connection.client, message.get(), release, none.get()));
    EXPECT_STATUS(STATUS_TIMEOUT, receive(connection.listener, received, nullptr, at_once));
}

ALPC_TEST(Direct, EventOfAMessageThatIsNotSentStaysReset, "12", "inferred", low) {
    Connection connection;
    PairOptions options;
    options.client = port_attributes(0, 0x100);
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    Event event;
    DirectAttributes attributes(event.get());
    Message<> too_long(std::string(0x200, 'x'));
    EXPECT_STATUS(STATUS_PORT_MESSAGE_TOO_LONG,
                  send(connection.client, too_long.get(), release, attributes.get()));
    EXPECT_FALSE(event.is_set(short_wait));
}

ALPC_TEST(Direct, StatusOfAMessageWithoutTheAttribute, "7.2", "inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("request"), received;
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_FAILURE(status_of(connection.client, received.id()));
    EXPECT_FAILURE(status_of(connection.client, 0x00FFFFF0));
}

ALPC_TEST(Direct, ConnectMessageCannotHaveOne, "4.2", "inferred", low) {
    const Port listener = create_port(port_name());
    Event event;
    DirectAttributes attributes(event.get());
    Name name(port_name());
    Port client;
    EXPECT_FAILURE(api().NtAlpcConnectPort(
        client.put(), name.get(), POBJECT_ATTRIBUTES{}, PALPC_PORT_ATTRIBUTES{}, ULONG{0}, PSID{},
        PPORT_MESSAGE{}, PSIZE_T{}, attributes.get(), PALPC_MESSAGE_ATTRIBUTES{}, PLARGE_INTEGER{}));
}

}  // namespace
}  // namespace ntalpc::conformance
