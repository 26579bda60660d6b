// SPDX-License-Identifier: LGPL-2.1-or-later
// Cancelling messages: in each state, by each side, and what either side sees of it.
#include "conformance/harness/ports.h"
#include "conformance/harness/requests.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;

ALPC_CONTEXT_ATTR context_of(ULONG message_id, ULONG callback_id = 0, ULONG_PTR message_context = 0) {
    ALPC_CONTEXT_ATTR context{};
    context.MessageContext = reinterpret_cast<PVOID>(message_context);
    context.MessageId = message_id;
    context.CallbackId = callback_id;
    return context;
}

NTSTATUS cancel(const Port& port, ALPC_CONTEXT_ATTR context, ULONG flags = 0) {
    return api().NtAlpcCancelMessage(port.get(), flags, &context);
}

ALPC_TEST(Cancel, UnknownFlagComesFirst, "D15, 6.5", "WineFork", medium) {
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, cancel(Port(), context_of(0), 0x10));
}

ALPC_TEST(Cancel, NoIdComesBeforeTheHandle, "D14, 6.5", "WineFork", medium) {
    for (const ULONG flags : {0u, 1u, 8u}) {
        EXPECT_STATUS(STATUS_MESSAGE_NOT_FOUND, cancel(Port(), context_of(0), flags));
    }
}

ALPC_TEST(Cancel, BadHandle, "6.5", "WineFork", medium) {
    EXPECT_STATUS(STATUS_INVALID_HANDLE, cancel(Port(), context_of(4)));
}

ALPC_TEST(Cancel, IdNobodyHas, "6.5", "ERREF", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    EXPECT_STATUS(STATUS_MESSAGE_NOT_FOUND, cancel(connection.client, context_of(0x00FFFFF0)));
}

ALPC_TEST(Cancel, TriedAfterTheServerHasTheRequest, "D16", "ERREF, ROST", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    auto client = request_in_thread(connection.client, "request");
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    const auto context = context_of(received.id(), received.callback_id());
    EXPECT_STATUS(STATUS_MESSAGE_RETRIEVED, cancel(connection.client, context, ALPC_CANCELFLG_TRY_CANCEL));
    EXPECT_STATUS(STATUS_MESSAGE_RETRIEVED, cancel(connection.client, context, ALPC_CANCELFLG_TRY_CANCEL));
    EXPECT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply"));
    auto result = client.join();
    EXPECT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.answer.data(), "reply");
}

ALPC_TEST(Cancel, ByTheClientAfterTheServerHasTheRequest, "D17, 6.5", "ROS-fork", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    auto client = request_in_thread(connection.client, "request");
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    const auto context = context_of(received.id(), received.callback_id());
    EXPECT_STATUS(STATUS_MESSAGE_RETRIEVED, cancel(connection.client, context));
    EXPECT_STATUS(STATUS_MESSAGE_LOST, client.join().status);
    EXPECT_STATUS(STATUS_REQUEST_CANCELED, send_answer(connection.listener, received, "too late"));
    EXPECT_STATUS(STATUS_REQUEST_CANCELED, cancel(connection.client, context));
}

ALPC_TEST(Cancel, ByTheServerEndsTheRequestWithANotice, "6.5", "WineFork", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    auto client = request_in_thread(connection.client, "request");
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_STATUS(STATUS_MESSAGE_RETRIEVED,
                  cancel(connection.listener, context_of(received.id(), received.callback_id())));
    auto result = client.join();
    EXPECT_STATUS(STATUS_SUCCESS, result.status);
    EXPECT_EQ(result.answer.kind(), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_EQ(result.answer.id(), received.id());
    EXPECT_EQ(result.answer.data_length(), 0u);
}

ALPC_TEST(Cancel, QueuedRequestLeavesANotice, "6.3", "WI", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Attributes attributes(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    attributes.get()->ValidAttributes = ALPC_MESSAGE_CONTEXT_ATTRIBUTE;
    Message<> message("request");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0, attributes.get()));
    ASSERT_NE(attributes.context().MessageId, 0u);
    EXPECT_STATUS(STATUS_SUCCESS, cancel(connection.client, context_of(attributes.context().MessageId)));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.type(), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_EQ(received.id(), attributes.context().MessageId);
    EXPECT_EQ(received.data_length(), 0u);
}

// Flag 8 is named "no context check", yet it is with it that the tests see the context compared.
ALPC_TEST(Cancel, AlteredContextWithFlagEight, "6.5", "WineFork", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    auto client = request_in_thread(connection.client, "request");
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_STATUS(STATUS_CONTEXT_MISMATCH,
                  cancel(connection.listener, context_of(received.id(), received.callback_id(), 0x1234),
                         ALPC_CANCELFLG_NO_CONTEXT_CHECK));
    EXPECT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply"));
    EXPECT_STATUS(STATUS_SUCCESS, client.join().status);
}

// ---- Flags ----

// The id of a queued request, as its sender is told.
ULONG send_request(const Port& client) {
    Attributes attributes(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    attributes.set_valid(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    Message<> message("request");
    EXPECT_STATUS(STATUS_SUCCESS, send(client, message.get(), 0, attributes.get()));
    return attributes.context().MessageId;
}

ALPC_TEST(Cancel, TriedWhileTheRequestIsQueued, "6.3", "PHNT", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    const ULONG id = send_request(connection.client);
    EXPECT_STATUS(STATUS_SUCCESS, cancel(connection.client, context_of(id), ALPC_CANCELFLG_TRY_CANCEL));
    Message<> notice;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, notice));
    EXPECT_EQ(notice.type(), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_EQ(notice.id(), id);
}

ALPC_TEST(Cancel, FlagsOfUnknownMeaningAreAccepted, "3.9", "P0, PHNT", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    for (const ULONG flag : {ULONG{0x2}, ULONG{ALPC_CANCELFLG_FLUSH}}) {
        const ULONG id = send_request(connection.client);
        EXPECT_STATUS(STATUS_SUCCESS, cancel(connection.client, context_of(id), flag)) << std::hex << flag;
    }
}

ALPC_TEST(Cancel, ContextOfA32BitProgram, "3.9", "PHNT", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    // PortContext, MessageContext, Sequence, MessageId, CallbackId
    ULONG context[8] = {0, 0, 0, send_request(connection.client), 0};
    EXPECT_STATUS(STATUS_SUCCESS,
                  api().NtAlpcCancelMessage(connection.client.get(), ULONG{ALPC_CANCELFLG_RESERVED_CAPTURE32},
                                            reinterpret_cast<PALPC_CONTEXT_ATTR>(context)));
    Message<> notice;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, notice));
    EXPECT_EQ(notice.type(), unsigned{LPC_CANCEL_MESSAGE});
}

ALPC_TEST(Cancel, TheClientsOwnContextWithFlagEight, "6.5", "inferred from ROS-fork", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Attributes attributes(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    attributes.set_valid(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    attributes.context().MessageContext = reinterpret_cast<PVOID>(ULONG_PTR{0x1234});
    Message<> message("request");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0, attributes.get()));
    const ULONG id = attributes.context().MessageId;
    EXPECT_STATUS(STATUS_CONTEXT_MISMATCH,
                  cancel(connection.client, context_of(id, 0, 0), ALPC_CANCELFLG_NO_CONTEXT_CHECK));
    EXPECT_STATUS(STATUS_SUCCESS,
                  cancel(connection.client, context_of(id, 0, 0x1234), ALPC_CANCELFLG_NO_CONTEXT_CHECK));
}

// The server is done with it and must not hear of it again.
ALPC_TEST(Cancel, WhileTheAnswerIsQueued, "6.3", "inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    const ULONG id = send_request(connection.client);
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply"));
    EXPECT_STATUS(STATUS_MESSAGE_NOT_FOUND, cancel(connection.client, context_of(id)));
    EXPECT_STATUS(STATUS_TIMEOUT, receive(connection.listener, received, nullptr, at_once));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.client, received, nullptr, at_once));
    EXPECT_EQ(received.data(), "reply");
}

ALPC_TEST(Cancel, AfterTheAnswer, "6.3", "ERREF", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    const ULONG id = send_request(connection.client);
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply"));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.client, received));
    EXPECT_STATUS(STATUS_MESSAGE_NOT_FOUND, cancel(connection.client, context_of(id)));
}

ALPC_TEST(Cancel, MessageOfAnotherConnection, "6.3", "inferred", medium) {
    Connection one, other;
    ASSERT_NO_FATAL_FAILURE(make_connection(one));
    other.listener = create_port(port_name("-other"));
    Message<> message("request");
    ASSERT_STATUS(STATUS_SUCCESS, send(one.client, message.get(), 0));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(one.listener, received));
    EXPECT_STATUS(STATUS_MESSAGE_NOT_FOUND, cancel(other.listener, context_of(received.id())));
    EXPECT_STATUS(STATUS_SUCCESS, send_answer(one.listener, received, "reply"));
}

// ---- Reserves ----

ALPC_TEST(Reserves, IdHasTheTopBitAndFourBytes, "4, limits", "ROS-fork", low) {
    const Port port = create_port(port_name());
    ULONG id[2] = {0, 0x5A5A5A5A};
    ASSERT_STATUS(STATUS_SUCCESS, api().NtAlpcCreateResourceReserve(port.get(), 0u, SIZE_T{0x100}, &id[0]));
    EXPECT_NE(id[0] & 0x80000000u, 0u);
    EXPECT_EQ(id[1], 0x5A5A5A5Au);
    EXPECT_STATUS(STATUS_SUCCESS, api().NtAlpcDeleteResourceReserve(port.get(), 0u, id[0]));
    EXPECT_FAILURE(api().NtAlpcDeleteResourceReserve(port.get(), 0u, id[0]));
}

ALPC_TEST(Reserves, SizeHasTheLimitOfAMessage, "4, limits", "ROS-fork", low) {
    const Port port = create_port(port_name());
    ULONG id = 0;
    const SIZE_T most = 0xFFFF - header_size;
    EXPECT_STATUS(STATUS_SUCCESS, api().NtAlpcCreateResourceReserve(port.get(), 0u, most, &id));
    EXPECT_FAILURE(api().NtAlpcCreateResourceReserve(port.get(), 0u, most + 1, &id));
}

ALPC_TEST(Reserves, FlagsAreReserved, "1.1", "phnt", medium) {
    const Port port = create_port(port_name());
    ULONG id = 0;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER,
                  api().NtAlpcCreateResourceReserve(port.get(), 1u, SIZE_T{0x100}, &id));
}

}  // namespace
}  // namespace ntalpc::conformance
