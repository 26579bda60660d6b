// SPDX-License-Identifier: LGPL-2.1-or-later
// Handles in messages: who lets them in, what may be asked for, and what is refused.
#include "conformance/harness/passing.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;
constexpr ACCESS_MASK generic_read = 0x80000000, generic_write = 0x40000000;

NTSTATUS send_with(Connection& connection, Passing& passing) {
    Message<> message("with handles");
    return send(connection.client, message.get(), release, passing.get());
}

// No handle came: the send failed, or the receive did, or the attribute is not there.
void expect_nothing_arrives(Connection& connection, HANDLE handle) {
    Passing passing(handle);
    if (!NT_SUCCESS(send_with(connection, passing))) return;
    Received received;
    if (!NT_SUCCESS(receive(connection.listener, received))) return;
    EXPECT_FALSE(received.has_handle());
}

ALPC_TEST(HandleRules, PortWithoutTheFlagGetsNone, "H08", "CSK, WI (the way is not known)", medium) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    expect_nothing_arrives(connection, file.get());
}

ALPC_TEST(HandleRules, TypeThatIsNotAllowedDoesNotPass, "H09", "TERM (sets file only), PHNT", medium) {
    const Port section = make_object(ObjectKind::section), file = make_file();
    PairOptions options;
    options.server = port_attributes(takes_one);
    options.server.DupObjectTypes = ALPC_PORFLG_OBJECT_TYPE_FILE;
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    expect_nothing_arrives(connection, section.get());
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, file.get(), received));
    const Port taken = received.take();
    EXPECT_TRUE(is_same_object(ObjectKind::file, file.get(), taken.get()));
}

ALPC_TEST(HandleRules, SenderIsToldThatAPortTakesNone, "H08", "INF (a clear status at the sender)", low) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Passing passing(file.get());
    EXPECT_STATUS(STATUS_ACCESS_DENIED, send_with(connection, passing));
}

ALPC_TEST(HandleRules, ClientsPortDecidesAboutReplies, "11", "CSK, TERM", medium) {
    const Port file = make_file();
    PairOptions options;
    options.listener = options.server = port_attributes(takes_one);
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    Message<> message("from the server");
    Passing passing(file.get());
    EXPECT_FAILURE(send(connection.server, message.get(), release, passing.get()));
}

ALPC_TEST(HandleRules, PortPassesOnlyWhereEverythingDoes, "11", "INF (ports have no code)", low) {
    PairOptions options;
    options.server = port_attributes(takes_one);
    options.server.DupObjectTypes = ALPC_PORFLG_OBJECT_TYPE_FILE;
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    expect_nothing_arrives(connection, connection.client.get());
}

ALPC_TEST(HandleRules, MoreThan512AreTooMany, "H10", "PHNT (max 512), ROST", medium) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Passing passing(std::vector<HANDLE>(ALPC_INDIRECT_HANDLE_MAX + 1, file.get()));
    EXPECT_STATUS(STATUS_LPC_HANDLE_COUNT_EXCEEDED, send_with(connection, passing));
}

ALPC_TEST(HandleRules, AnArrayHasTwoAtLeast, "H11", "ROST", low) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    for (const std::size_t count : {0, 1}) {
        Passing passing(std::vector<HANDLE>(count, file.get()));
        EXPECT_STATUS(STATUS_INVALID_PARAMETER, send_with(connection, passing)) << count;
    }
}

ALPC_TEST(HandleRules, OneWrongHandleSpoilsAll, "H12", "ROST", low) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Passing passing({file.get(), reinterpret_cast<HANDLE>(ULONG_PTR{0x7FFFFFFC}), file.get()});
    EXPECT_FAILURE(send_with(connection, passing));
    Received nothing;
    EXPECT_STATUS(STATUS_TIMEOUT,
                  receive(connection.listener, nothing.message, nothing.attributes.get(), at_once));
}

ALPC_TEST(HandleRules, WrongHandle, "H13", "CSK text", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_one));
    Passing wrong(reinterpret_cast<HANDLE>(ULONG_PTR{0x7FFFFFFC}));
    EXPECT_STATUS(STATUS_INVALID_HANDLE, send_with(connection, wrong));
    Passing none(nullptr);
    EXPECT_STATUS(STATUS_INVALID_HANDLE, send_with(connection, none));
}

ALPC_TEST(HandleRules, IndexPastTheEnd, "H14", "ROST (SOGEN: no more entries)", low) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, file.get(), received));
    ALPC_MESSAGE_HANDLE_INFORMATION information;
    for (const ULONG index : {1u, 0xFFFFFFFFu}) {
        EXPECT_STATUS(STATUS_INVALID_HANDLE,
                      query_handle(connection.listener, received.message, index, &information));
    }
}

ALPC_TEST(HandleRules, QueryNeedsRoomAndALiveMessage, "7.2", "alpc-semantics 7.2, NtApiDotNet", medium) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, file.get(), received));
    ALPC_MESSAGE_HANDLE_INFORMATION information{};
    ULONG length = 0;
    EXPECT_STATUS(STATUS_INFO_LENGTH_MISMATCH,
                  api().NtAlpcQueryInformationMessage(
                      connection.listener.get(), received.message.get(), AlpcMessageHandleInformation,
                      static_cast<PVOID>(&information), ULONG{sizeof(information) - 1}, &length));
    EXPECT_EQ(length, sizeof(information));
    EXPECT_STATUS(STATUS_SUCCESS, give_back(connection.listener, received.message));
    EXPECT_STATUS(STATUS_INVALID_MESSAGE,
                  query_handle(connection.listener, received.message, 0, &information));
}

ALPC_TEST(HandleRules, MessageWithoutHandles, "7.2", "INF", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Message<> message("request");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
    Received received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_FALSE(received.has_handle());
    ALPC_MESSAGE_HANDLE_INFORMATION information;
    EXPECT_STATUS(STATUS_INVALID_HANDLE,
                  query_handle(connection.listener, received.message, 0, &information));
}

ALPC_TEST(HandleRules, OnlyTheReceiverMayAsk, "7.2", "INF", low) {
    const Port file = make_file();
    Connection connection, stranger;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Received received;
    ASSERT_NO_FATAL_FAILURE(pass_datagram(connection, file.get(), received));
    ALPC_MESSAGE_HANDLE_INFORMATION information;
    EXPECT_STATUS(STATUS_INVALID_MESSAGE, query_handle(connection.client, received.message, 0, &information));
    const Port unconnected = create_port(port_name("-stranger"), port_attributes(takes_many));
    EXPECT_STATUS(STATUS_INVALID_MESSAGE, query_handle(unconnected, received.message, 0, &information));
}

ALPC_TEST(HandleRules, UnknownFlags, "3.8", "NDK", medium) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    for (const ULONG flag : {0x1u, 0x8000u, 0x100000u, 0x80000000u}) {
        Passing one(file.get(), same_access | flag);
        EXPECT_STATUS(STATUS_INVALID_PARAMETER, send_with(connection, one)) << flag;
        Passing many({file.get(), file.get()}, same_access | flag);
        EXPECT_STATUS(STATUS_INVALID_PARAMETER, send_with(connection, many)) << flag;
    }
    Passing nested({file.get(), file.get()}, same_access | ALPC_HANDLEFLG_INDIRECT);
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, send_with(connection, nested));
}

ALPC_TEST(HandleRules, ArrayThatIsNotThere, "3.8", "NDK", medium) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_many));
    Passing passing({file.get(), file.get()});
    passing.handle().HandleAttrArray = nullptr;
    EXPECT_STATUS(STATUS_ACCESS_VIOLATION, send_with(connection, passing));
}

ALPC_TEST(HandleRules, StatedTypeMustBeTrue, "11", "INF", low) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_one));
    Passing right(file.get(), same_access, ALPC_PORFLG_OBJECT_TYPE_FILE);
    EXPECT_STATUS(STATUS_SUCCESS, send_with(connection, right));
    Passing wrong(file.get(), same_access, ALPC_PORFLG_OBJECT_TYPE_EVENT);
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, send_with(connection, wrong));
}

ALPC_TEST(HandleRules, SeveralForAPortThatTakesOne, "11", "P0 (the flag exists so that this does not fail)",
          low) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_one));
    Passing passing({file.get(), file.get()});
    EXPECT_STATUS(STATUS_LPC_HANDLE_COUNT_EXCEEDED, send_with(connection, passing));
}

ALPC_TEST(HandleRules, ReceiverWithoutRoomMayStillAsk, "22", "INF (unknown 14)", low) {
    const Port file = make_file();
    for (const ULONG flags : {takes_one, takes_many}) {
        Connection connection;
        ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, flags));
        Passing passing(file.get());
        ASSERT_STATUS(STATUS_SUCCESS, send_with(connection, passing));
        Message<> received;
        ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
        EXPECT_EQ(received.type(), unsigned{LPC_DATAGRAM | LPC_CONTINUATION_REQUIRED});
        const Port taken = fetch_handle(connection.listener, received, 0);
        EXPECT_TRUE(is_same_object(ObjectKind::file, file.get(), taken.get()));
        EXPECT_STATUS(STATUS_SUCCESS, give_back(connection.listener, received));
    }
}

// ---- Access ----

ALPC_TEST(HandleRules, AccessCanBeReduced, "11", "alpc-semantics 11 (desired access)", medium) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_one));
    Passing passing(file.get(), 0, 0, generic_read);
    ASSERT_STATUS(STATUS_SUCCESS, send_with(connection, passing));
    Received received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_TRUE(received.has_handle());
    const Port taken = received.take();
    EXPECT_EQ(read_file(taken.get()), "content");
    EXPECT_FALSE(write_file(taken.get(), "changed"));
    constexpr ACCESS_MASK file_generic_read = 0x120089;
    EXPECT_EQ(received.attributes.handle().DesiredAccess, file_generic_read);
}

ALPC_TEST(HandleRules, SameAccessIgnoresTheDesiredOne, "11", "PHNT", medium) {
    const Port file = make_file();
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_one));
    Passing passing(file.get(), same_access, 0, generic_read);
    ASSERT_STATUS(STATUS_SUCCESS, send_with(connection, passing));
    Received received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_TRUE(received.has_handle());
    const Port taken = received.take();
    EXPECT_TRUE(write_file(taken.get(), "changed"));
}

ALPC_TEST(HandleRules, AccessCannotGrowBySendingAFileToOneself, "11", "INF", low) {
    const Port file = make_file(false);
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_passing_connection(connection, takes_one));
    Passing passing(file.get(), 0, 0, generic_read | generic_write);
    if (!NT_SUCCESS(send_with(connection, passing))) return;
    Received received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    const Port taken = received.take();
    EXPECT_FALSE(write_file(taken.get(), "changed"));
}

// ---- Attributes of handles ----

// Whether the handle that arrives is inherited by children of its receiver.
bool arrives_inheritable(HANDLE handle, ULONG flags) {
    Connection connection;
    make_passing_connection(connection, takes_one);
    Passing passing(handle, flags);
    EXPECT_STATUS(STATUS_SUCCESS, send_with(connection, passing));
    Received received;
    EXPECT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    const Port taken = received.take();
    return is_inheritable(taken.get());
}

ALPC_TEST(HandleRules, HandleIsInheritedWhenAskedFor, "3.8", "PHNT", medium) {
    const Port event = make_object(ObjectKind::event);
    EXPECT_FALSE(arrives_inheritable(event.get(), same_access));
    EXPECT_TRUE(arrives_inheritable(event.get(), same_access | ALPC_HANDLEFLG_DUPLICATE_INHERIT));
}

ALPC_TEST(HandleRules, SameAttributesIncludeInheritance, "3.8", "PHNT", medium) {
    const Port event = make_object(ObjectKind::event);
    EXPECT_FALSE(arrives_inheritable(event.get(), same_access | ALPC_HANDLEFLG_DUPLICATE_SAME_ATTRIBUTES));
    make_inheritable(event.get());
    EXPECT_FALSE(arrives_inheritable(event.get(), same_access));
    EXPECT_TRUE(arrives_inheritable(event.get(), same_access | ALPC_HANDLEFLG_DUPLICATE_SAME_ATTRIBUTES));
}

}  // namespace
}  // namespace ntalpc::conformance
