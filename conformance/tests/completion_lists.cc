// SPDX-License-Identifier: LGPL-2.1-or-later
// Completion lists: registration, and messages on their way through one.
#include "conformance/harness/completion_list.h"

#include <algorithm>
#include <set>

#include "conformance/harness/thread.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;
constexpr ULONG context_attribute = ALPC_MESSAGE_CONTEXT_ATTRIBUTE;

void send_datagram(const Connection& connection, std::string_view data) {
    Message<> message(data);
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release));
}

// ---- Registration ----

ALPC_TEST(CompletionLists, APortHasOneAtMost, "I05", "ERREF, ROST", medium) {
    const Port port = create_port(port_name());
    CompletionList first, second;
    ASSERT_STATUS(STATUS_SUCCESS, first.attach(port));
    EXPECT_STATUS(STATUS_PORT_ALREADY_HAS_COMPLETION_LIST, second.attach(port));
    ASSERT_STATUS(STATUS_SUCCESS, first.detach());
    EXPECT_STATUS(STATUS_SUCCESS, second.attach(port));
}

ALPC_TEST(CompletionLists, TheHeaderDividesTheMemory, "2.7", "PHNT; magic values ROST", low) {
    const Port port = create_port(port_name());
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(port, context_attribute));
    const ALPC_COMPLETION_LIST_HEADER& header = *list.header();
    EXPECT_EQ(header.StartMagic, ULONG64{0xDEADBEEFBAADF00D});
    EXPECT_EQ(header.EndMagic, ULONG64{0xBAADF00DDEADBEEF});
    EXPECT_EQ(header.TotalSize, list.size());
    EXPECT_GE(header.ListOffset, sizeof(header));
    EXPECT_GE(header.BitmapOffset, header.ListOffset + header.ListSize);
    EXPECT_GE(header.DataOffset, header.BitmapOffset + header.BitmapSize);
    EXPECT_GE(list.size(), header.DataOffset + header.DataSize);
    EXPECT_GT(header.DataSize, list.size() / 2);
    EXPECT_EQ(header.AttributeFlags, context_attribute);
    EXPECT_EQ(header.AttributeSize, api().AlpcGetHeaderSize(context_attribute));
    EXPECT_EQ(header.State.u1.s1.Head, 0xFFFFFFu);
    EXPECT_EQ(header.State.u1.s1.Tail, 0xFFFFFFu);
    EXPECT_EQ(header.State.u1.s1.ActiveThreadCount, 0u);
}

ALPC_TEST(CompletionLists, AFreshOneHasNothingOutstanding, "I06", "ROST", low) {
    const Port port = create_port(port_name());
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(port));
    EXPECT_EQ(list.outstanding(), 0u);
    EXPECT_EQ(list.take(), nullptr);
}

ALPC_TEST(CompletionLists, TooLittleMemoryIsRefused, "15.1", "INF", low) {
    const Port port = create_port(port_name());
    CompletionList list;
    EXPECT_FAILURE(api().AlpcRegisterCompletionList(port.get(), list.header(), ULONG{0}, ULONG{1}, ULONG{0}));
    EXPECT_FAILURE(
        api().AlpcRegisterCompletionList(port.get(), list.header(), ULONG{0x300}, ULONG{1}, ULONG{0}));
    EXPECT_STATUS(STATUS_SUCCESS, list.attach(port));
}

ALPC_TEST(CompletionLists, MemoryThatIsNotThereIsRefused, "15.1", "INF", medium) {
    const Port port = create_port(port_name());
    EXPECT_STATUS(STATUS_ACCESS_VIOLATION,
                  api().AlpcRegisterCompletionList(port.get(), PALPC_COMPLETION_LIST_HEADER{}, ULONG{0x10000},
                                                   ULONG{1}, ULONG{0}));
    CompletionList list;
    EXPECT_STATUS(STATUS_SUCCESS, list.attach(port));
}

ALPC_TEST(CompletionLists, AStructureOfAnotherSizeIsRefused, "7.1", "INF", low) {
    const Port port = create_port(port_name());
    ALPC_PORT_COMPLETION_LIST_INFORMATION information{};
    EXPECT_STATUS(STATUS_INFO_LENGTH_MISMATCH,
                  api().NtAlpcSetInformation(port.get(), AlpcRegisterCompletionListInformation,
                                             static_cast<PVOID>(&information),
                                             static_cast<ULONG>(sizeof(information) - 4)));
    EXPECT_STATUS(STATUS_INFO_LENGTH_MISMATCH,
                  api().NtAlpcSetInformation(port.get(), AlpcAdjustCompletionListConcurrencyCountInformation,
                                             static_cast<PVOID>(&information), ULONG{2}));
}

ALPC_TEST(CompletionLists, AHandleThatIsNoneIsRefused, "5.3", "inferred", medium) {
    CompletionList list;
    // Not one that was closed, whose value another thread's object may have got.
    Port none(reinterpret_cast<HANDLE>(ULONG_PTR{0x7FFFFFF4}));
    EXPECT_STATUS(STATUS_INVALID_HANDLE, list.attach(none));
    EXPECT_STATUS(STATUS_INVALID_HANDLE, api().AlpcUnregisterCompletionList(none.get()));
    none.release();
}

ALPC_TEST(CompletionLists, APortWithoutOneHasNothingToChange, "15.1", "INF", low) {
    const Port port = create_port(port_name());
    EXPECT_FAILURE(api().AlpcUnregisterCompletionList(port.get()));
    EXPECT_FAILURE(api().AlpcRundownCompletionList(port.get()));
    EXPECT_FAILURE(api().AlpcAdjustCompletionListConcurrencyCount(port.get(), ULONG{2}));
}

// ---- Messages ----

ALPC_TEST(CompletionLists, AReceiveTellsThatTheMessageIsInTheList, "I12", "ERREF", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    Message<> received;
    EXPECT_STATUS(STATUS_TIMEOUT, receive(connection.listener, received, nullptr, at_once));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "abc"));
    EXPECT_STATUS(STATUS_ALPC_CHECK_COMPLETION_LIST,
                  receive(connection.listener, received, nullptr, at_once));
    EXPECT_TRUE(received.untouched());
    PORT_MESSAGE* const message = list.take();
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(data_of(message), "abc");
    EXPECT_EQ(static_cast<USHORT>(message->u2.s2.Type), USHORT{LPC_DATAGRAM});
    EXPECT_EQ(message->ClientId.UniqueProcess, current_process_id());
    EXPECT_EQ(message->ClientId.UniqueThread, current_thread_id());
    list.free(message);
    EXPECT_STATUS(STATUS_TIMEOUT, receive(connection.listener, received, nullptr, at_once));
}

ALPC_TEST(CompletionLists, OneMessageIsTakenOnce, "I07", "ROST", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "abc"));
    ASSERT_NE(list.wait(connection.listener), nullptr);
    EXPECT_EQ(list.take(), nullptr);
}

ALPC_TEST(CompletionLists, AMessageIsOutstandingUntilItIsFreed, "I08", "ROST", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "abc"));
    PORT_MESSAGE* const message = list.wait(connection.listener);
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(list.outstanding(), 1u);
    list.free(message);
    EXPECT_EQ(list.outstanding(), 0u);
}

ALPC_TEST(CompletionLists, WhatIsNoMessageIsNotFreed, "15.3", "ROST", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "abc"));
    PORT_MESSAGE* const message = list.wait(connection.listener);
    ASSERT_NE(message, nullptr);
    Message<> foreign("elsewhere");
    list.free(foreign.get());
    list.free(reinterpret_cast<PORT_MESSAGE*>(list.get()));
    list.free(reinterpret_cast<PORT_MESSAGE*>(reinterpret_cast<unsigned char*>(message) + 8));
    EXPECT_EQ(list.outstanding(), 1u);
    list.free(message);
    EXPECT_EQ(list.outstanding(), 0u);
}

ALPC_TEST(CompletionLists, WithoutAttributesThereIsNoBuffer, "I11", "ROST", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "abc"));
    PALPC_MESSAGE_ATTRIBUTES attributes = reinterpret_cast<PALPC_MESSAGE_ATTRIBUTES>(list.get());
    ASSERT_NE(list.wait(connection.listener, &attributes), nullptr);
    EXPECT_EQ(attributes, nullptr);
}

ALPC_TEST(CompletionLists, AttributesComeWithEveryMessage, "15.1", "PHNT, INF", medium) {
    Connection connection;
    PairOptions options;
    options.context = reinterpret_cast<PVOID>(ULONG_PTR{0xBADF00D});
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    CompletionList list;
    constexpr ULONG asked = context_attribute | ALPC_MESSAGE_TOKEN_ATTRIBUTE;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener, asked));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "odd"));
    PALPC_MESSAGE_ATTRIBUTES attributes = nullptr;
    PORT_MESSAGE* const message = list.wait(connection.listener, &attributes);
    ASSERT_NE(message, nullptr);
    ASSERT_NE(attributes, nullptr);
    EXPECT_EQ(api().AlpcGetCompletionListMessageAttributes(list.get(), message), attributes);
    EXPECT_EQ(attributes->AllocatedAttributes, asked);
    EXPECT_EQ(attributes->ValidAttributes, asked);
    const auto* const context =
        static_cast<ALPC_CONTEXT_ATTR*>(api().AlpcGetMessageAttribute(attributes, context_attribute));
    ASSERT_NE(context, nullptr);
    EXPECT_EQ(context->PortContext, options.context);
}

ALPC_TEST(CompletionLists, TheLastMessageIsKnown, "15.3", "ROST", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "first"));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "last"));
    PORT_MESSAGE* message = list.wait(connection.listener);
    ASSERT_NE(message, nullptr);
    message = list.wait(connection.listener);
    ASSERT_NE(message, nullptr);
    ULONG id = 0, callback = 0;
    api().AlpcGetCompletionListLastMessageInformation(list.get(), &id, &callback);
    EXPECT_EQ(id, message->MessageId);
    EXPECT_EQ(callback, message->CallbackId);
}

ALPC_TEST(CompletionLists, ManyMessagesComeInOrder, "15.2", "INF", medium) {
    constexpr ULONG count = 5'000;
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    Thread sender([&] {
        for (ULONG i = 0; i < count; ++i)
            send_datagram(connection, std::string_view(reinterpret_cast<const char*>(&i), sizeof(i)));
    });
    for (ULONG i = 0; i < count; ++i) {
        PORT_MESSAGE* const message = list.wait(connection.listener);
        ASSERT_NE(message, nullptr);
        ASSERT_EQ(data_of(message), std::string(reinterpret_cast<const char*>(&i), sizeof(i)));
        list.free(message);
    }
    sender.join();
    EXPECT_EQ(list.outstanding(), 0u);
}

ALPC_TEST(CompletionLists, ARequestIsAnsweredAsEver, "15.4", "INF", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    Thread client([&] {
        Message<> question("question"), answer;
        EXPECT_STATUS(STATUS_SUCCESS, request(connection.client, question, answer));
        return answer.data();
    });
    PORT_MESSAGE* const message = list.wait(connection.listener);
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(data_of(message), "question");
    Message<> answer("answer");
    answer.header().MessageId = message->MessageId;
    answer.header().CallbackId = message->CallbackId;
    list.free(message);
    EXPECT_STATUS(STATUS_SUCCESS, send(connection.listener, answer.get(), release));
    EXPECT_EQ(client.join(), "answer");
}

ALPC_TEST(CompletionLists, AnAnswerMayBeWrittenOverTheMessage, "15.3", "INF", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list(0x1000);
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    // The room of a message is given back in full although it has become shorter: it is needed over and over.
    for (int i = 0; i < 100; ++i) {
        ASSERT_NO_FATAL_FAILURE(send_datagram(connection, std::string(900, 'x')));
        PORT_MESSAGE* const message = list.wait(connection.listener);
        ASSERT_NE(message, nullptr) << "message " << i;
        message->u1.s1.DataLength = 1;
        message->u1.s1.TotalLength = sizeof(PORT_MESSAGE) + 1;
        list.free(message);
    }
    EXPECT_EQ(list.outstanding(), 0u);
}

ALPC_TEST(CompletionLists, ConnectionRequestsComeThroughTheListToo, "15.4", "INF", low) {
    const std::string name = port_name();
    const Port listener = create_port(name);
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(listener));
    Port client, server;
    ASSERT_STATUS(STATUS_SUCCESS, connect(client, name));
    PORT_MESSAGE* const message = list.wait(listener);
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(message->u2.s2.Type & 0xFF, LPC_CONNECTION_REQUEST);
    ASSERT_STATUS(STATUS_SUCCESS, accept(server, listener, message));
    list.free(message);
    Message<> reply;
    EXPECT_STATUS(STATUS_SUCCESS, receive(client, reply));
    client.close();
    PORT_MESSAGE* const farewell = list.wait(listener);
    ASSERT_NE(farewell, nullptr);
    EXPECT_EQ(farewell->u2.s2.Type & 0xFF, LPC_PORT_CLOSED);
}

ALPC_TEST(CompletionLists, AClientMayHaveOne, "15.1", "INF", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.client));
    Message<> message("for the client");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.server, message.get(), release));
    PORT_MESSAGE* const received = list.wait(connection.client);
    ASSERT_NE(received, nullptr);
    EXPECT_EQ(data_of(received), "for the client");
}

}  // namespace
}  // namespace ntalpc::conformance
