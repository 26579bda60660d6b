// SPDX-License-Identifier: LGPL-2.1-or-later
// Handles in messages: what becomes of the objects when somebody goes away or does not take them.
#include "conformance/harness/passing.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;

NTSTATUS send_object(const Port& port, HANDLE handle, ULONG flags = release) {
    Passing passing(handle);
    Message<> message("with a handle");
    return send(port, message.get(), flags, passing.get());
}

ALPC_TEST(HandleLifetime, SenderMayCloseItsOwnHandle, "11", "alpc-semantics 11", high) {
    Port section = make_object(ObjectKind::section);
    const Port witness = make_object(ObjectKind::section);
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_one));
    ASSERT_STATUS(STATUS_SUCCESS, send_object(connection.client, section.get()));
    EXPECT_STATUS(STATUS_SUCCESS, section.close());
    Received received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_TRUE(received.has_handle());
    const Port taken = received.take();
    EXPECT_TRUE(is_same_object(ObjectKind::section, taken.get(), taken.get()));
    EXPECT_FALSE(is_same_object(ObjectKind::section, taken.get(), witness.get()));
}

ALPC_TEST(HandleLifetime, ReceivedHandleOutlivesTheConnection, "11",
          "alpc-semantics 11 (belongs to the receiver)", high) {
    const Port file = make_file();
    Port taken;
    {
        Connection connection;
        ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_one));
        Received received;
        ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, file.get(), received));
        taken = received.take();
    }
    EXPECT_TRUE(is_same_object(ObjectKind::file, file.get(), taken.get()));
}

// The connection ends with the client; the server has the message, and has not heard of the end yet.
ALPC_TEST(HandleLifetime, ObjectCanBeTakenAfterTheSenderHasGone, "11", "INF", low) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, file.get(), received));
    EXPECT_STATUS(STATUS_SUCCESS, connection.client.close());
    const Port taken = fetch_handle(connection.listener, received.message, 0);
    EXPECT_TRUE(is_same_object(ObjectKind::file, file.get(), taken.get()));
    Message<> notice;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, notice));
    EXPECT_EQ(notice.type(), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_EQ(notice.id(), received.message.id());
    ALPC_MESSAGE_HANDLE_INFORMATION information;
    EXPECT_STATUS(STATUS_INVALID_MESSAGE,
                  query_handle(connection.listener, received.message, 0, &information));
}

ALPC_TEST(HandleLifetime, UndeliveredMessageIsAnnouncedWithoutItsHandle, "D03",
          "OVMM test_send_then_close, INF", medium) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_one));
    ASSERT_STATUS(STATUS_SUCCESS, send_object(connection.client, file.get()));
    EXPECT_STATUS(STATUS_SUCCESS, connection.client.close());
    Received received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.message.type(), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_FALSE(received.has_handle());
}

ALPC_TEST(HandleLifetime, CanceledRequestLosesItsHandle, "6.3", "INF", low) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_one));
    Passing passing(file.get());
    Attributes attributes(ALPC_MESSAGE_HANDLE_ATTRIBUTE | ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    attributes.set_valid(ALPC_MESSAGE_HANDLE_ATTRIBUTE | ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    attributes.handle() = passing.handle();
    attributes.context() = {};
    Message<> message("request");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0, attributes.get()));
    ASSERT_STATUS(STATUS_SUCCESS,
                  api().NtAlpcCancelMessage(connection.client.get(), ULONG{0}, &attributes.context()));
    Received received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.message.type(), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_FALSE(received.has_handle());
}

// Every way that a message can go leaves this process with the handles it had.
ALPC_TEST(HandleLifetime, NothingIsLeftOpen, "11", "INF", medium) {
    const Port file = make_file();
    const auto round = [&](ULONG flags) {
        Connection connection;
        ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, flags));
        Received received;
        ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, file.get(), received));
        if (flags == takes_one) received.take();
        fetch_handle(connection.listener, received.message, 0);
        EXPECT_STATUS(STATUS_SUCCESS, give_back(connection.listener, received.message));
        EXPECT_STATUS(STATUS_SUCCESS, send_object(connection.client, file.get()));  // never received
        EXPECT_STATUS(STATUS_SUCCESS, send_object(connection.client, file.get(), 0));
        EXPECT_FAILURE(send_object(connection.client, reinterpret_cast<HANDLE>(ULONG_PTR{0x7FFFFFFC})));
    };
    round(takes_one);  // what is made once is there now
    round(takes_many);
    const std::size_t before = open_handles();
    for (int i = 0; i < 20; ++i) {
        round(takes_one);
        round(takes_many);
    }
    EXPECT_EQ(open_handles(), before);
}

}  // namespace
}  // namespace ntalpc::conformance
