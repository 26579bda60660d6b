// SPDX-License-Identifier: LGPL-2.1-or-later
// Messages from client to server: datagrams, asynchronous requests, their attributes, and receiving.
#include <memory>

#include "conformance/harness/ports.h"
#include "conformance/harness/requests.h"
#include "conformance/harness/thread.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;

ALPC_TEST(Messages, DatagramArrivesAndOwesNothing, "M01", "OVMM test_send_recv", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("abc");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.type(), unsigned{LPC_DATAGRAM});
    EXPECT_EQ(received.data_length(), 3u);
    EXPECT_EQ(received.data(), "abc");
    EXPECT_EQ(received.header().ClientId.UniqueProcess, current_process_id());
    EXPECT_EQ(received.header().ClientId.UniqueThread, current_thread_id());
}

ALPC_TEST(Messages, ManyDatagramsWaitInOrder, "M02", "OVMM test_send_lots", high) {
    constexpr ULONG count = 10'000;
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    for (ULONG i = 0; i < count; ++i) {
        Message<4> message(std::string_view(reinterpret_cast<const char*>(&i), sizeof(i)));
        ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release)) << "datagram " << i;
    }
    for (ULONG i = 0; i < count; ++i) {
        Message<4> received;
        ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received)) << "datagram " << i;
        ASSERT_EQ(received.data(), std::string(reinterpret_cast<const char*>(&i), sizeof(i)))
            << "datagram " << i;
    }
}

ALPC_TEST(Messages, DatagramMayBeEmpty, "M03", "OVMM test_port_context", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.type(), unsigned{LPC_DATAGRAM});
    EXPECT_EQ(received.data_length(), 0u);
}

ALPC_TEST(Messages, PortContextComesWithADatagram, "M04", "OVMM test_port_context", high) {
    Connection connection;
    PairOptions options;
    options.context = reinterpret_cast<PVOID>(ULONG_PTR{0xBADF00D});
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    Message<> message("abc");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release));
    Attributes attributes(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, message, attributes.get()));
    EXPECT_EQ(attributes.valid(), ULONG{ALPC_MESSAGE_CONTEXT_ATTRIBUTE});
    EXPECT_EQ(attributes.context().PortContext, options.context);
}

ALPC_TEST(Messages, ContextOfARequestHasNoIds, "M05", "P4W (observed; WineFork says the header's id)", high) {
    Connection connection;
    PairOptions options;
    options.context = reinterpret_cast<PVOID>(ULONG_PTR{0x11223344});
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    Message<> message("request");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
    Attributes attributes(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received, attributes.get()));
    const ALPC_CONTEXT_ATTR& context = attributes.context();
    EXPECT_EQ(context.PortContext, options.context);
    EXPECT_EQ(context.MessageContext, nullptr);
    EXPECT_EQ(context.MessageId, 0u);
    EXPECT_EQ(context.CallbackId, 0u);
}

ALPC_TEST(Messages, AsynchronousRequestIsARequest, "M08", "OVMM mesh flush, CSK, IPCB", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("request");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.type(), sizeof(void*) == 8 ? 0x2001u : 0x3001u);
    EXPECT_NE(received.id(), 0u);
    EXPECT_NE(received.callback_id(), 0u);
}

ALPC_TEST(Messages, ClientTrafficArrivesAtTheListenerOnly, "M22", "CSK appendix, WI (WineFork differs)",
          high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("for the listener");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release));
    Message<> received;
    EXPECT_STATUS(STATUS_TIMEOUT, receive(connection.server, received, nullptr, short_wait));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.data(), "for the listener");
}

ALPC_TEST(Messages, ReceiveDoesNotWaitWithATimeoutOfZero, "M23", "OVMM try_recv", high) {
    Port port = create_port(port_name());
    Message<> received;
    EXPECT_STATUS(STATUS_TIMEOUT, receive(port, received, nullptr, at_once));
    EXPECT_TRUE(received.untouched());
}

ALPC_TEST(Messages, EveryKindOfTimeoutEnds, "M24", "ROST", medium) {
    Port port = create_port(port_name());
    Message<> received;
    for (LARGE_INTEGER limit : {relative(short_wait), absolute(-short_wait), absolute(short_wait)}) {
        SIZE_T length = received.size();
        EXPECT_STATUS(STATUS_TIMEOUT, api().NtAlpcSendWaitReceivePort(
                                          port.get(), ULONG{0}, PPORT_MESSAGE{}, PALPC_MESSAGE_ATTRIBUTES{},
                                          received.get(), &length, PALPC_MESSAGE_ATTRIBUTES{}, &limit));
    }
}

ALPC_TEST(Messages, ReceiveWithATimeoutWaitsThatLong, "M24", "wait rules", medium) {
    Port port = create_port(port_name());
    Message<> received;
    const auto start = std::chrono::steady_clock::now();
    EXPECT_STATUS(STATUS_TIMEOUT, receive(port, received, nullptr, short_wait));
    // Clocks of the two kinds may differ by a tick of 16 ms.
    EXPECT_GE(std::chrono::steady_clock::now() - start, short_wait - std::chrono::milliseconds(16));
}

ALPC_TEST(Messages, MessageThatDoesNotFitStaysQueued, "M25, M26", "SOGEN, ROST, WI", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("request");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
    Message<> received;
    SIZE_T length = header_size + 6;
    EXPECT_STATUS(STATUS_BUFFER_TOO_SMALL, receive(connection.listener, received.get(), &length));
    EXPECT_EQ(length, header_size + 7);
    EXPECT_TRUE(received.untouched());
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received.get(), &length));
    EXPECT_EQ(received.data(), "request");
    EXPECT_NE(received.id(), 0u);
}

ALPC_TEST(Messages, PlainReceiveLeavesTheLengthAlone, "6.3", "WineFork", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("abc");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release));
    SIZE_T length = message.size();
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, message.get(), &length));
    EXPECT_EQ(length, message.size());
}

ALPC_TEST(Messages, FlagThatIsAlwaysRejected, "M30", "PHNT", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("abc");
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, send(connection.client, message.get(), 0x01000000));
}

ALPC_TEST(Messages, TotalLengthCoversTheHeader, "M31", "ROST", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("");
    message.header().u1.s1.TotalLength = header_size - 1;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, send(connection.client, message.get(), release));
}

ALPC_TEST(Messages, DataLiesWithinTheTotalLength, "M32", "ROST", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("abc");
    message.header().u1.s1.DataLength = 4;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, send(connection.client, message.get(), release));
}

ALPC_TEST(Messages, MessageLongerThanThePortsMaximum, "M33", "ERREF", medium) {
    Connection connection;
    PairOptions options;
    options.listener = options.client = port_attributes(0, 0x100);
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    Message<> longest(std::string(0x100 - header_size, 'x'));
    EXPECT_STATUS(STATUS_SUCCESS, send(connection.client, longest.get(), release));
    Message<> too_long(std::string(0x101 - header_size, 'x'));
    EXPECT_STATUS(STATUS_PORT_MESSAGE_TOO_LONG, send(connection.client, too_long.get(), release));
}

ALPC_TEST(Messages, AnswerLongerThanThePortsMaximum, "M33", "ERREF", medium) {
    Connection connection;
    PairOptions options;
    options.listener = options.client = port_attributes(0, 0x100);
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    Message<> request("request"), received;
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, request.get(), 0));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    const std::string longest(0x100 - header_size, 'x');
    EXPECT_STATUS(STATUS_PORT_MESSAGE_TOO_LONG, send_answer(connection.listener, received, longest + "x"));
    EXPECT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, longest));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.client, received));
    EXPECT_EQ(received.data(), longest);
}

ALPC_TEST(Messages, OneMessageGoesToOneReceiver, "M41", "WI", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    const auto receive_one = [&connection] {
        Message<> received;
        return receive(connection.listener, received, nullptr, std::chrono::milliseconds(500));
    };
    Thread first(receive_one);
    Thread second(receive_one);
    Message<> message("for one of two");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release));
    const NTSTATUS statuses[] = {first.join(), second.join()};
    EXPECT_TRUE((statuses[0] == STATUS_SUCCESS && statuses[1] == STATUS_TIMEOUT) ||
                (statuses[0] == STATUS_TIMEOUT && statuses[1] == STATUS_SUCCESS))
        << describe_status(statuses[0]) << ", " << describe_status(statuses[1]);
}

ALPC_TEST(Messages, ClientMaySendWithoutTakingTheConnectionReply, "M46", "DWU", high) {
    Connection connection;
    PairOptions options;
    options.receive_reply = false;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    Message<> message("abc");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.data(), "abc");
}

ALPC_TEST(Messages, OneBufferMayBeSentAgainAndAgain, "M47", "LDOS", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<0> message("");
    for (int i = 0; i < 10; ++i)
        EXPECT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0)) << i;
}

ALPC_TEST(Messages, ServerSendsADatagramWithTheContextItReceived, "M48", "BN", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("abc");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release));
    Attributes attributes(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received, attributes.get()));
    Message<> datagram("def");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.server, datagram.get(), release, attributes.get()));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.client, received));
    EXPECT_EQ(received.type(), unsigned{LPC_DATAGRAM});
    EXPECT_EQ(received.data(), "def");
}

ALPC_TEST(Messages, LpcModeChangesNothingForAReceiver, "M50", "CSK", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("abc");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS,
                  receive(connection.listener, received, nullptr, long_wait, ALPC_MSGFLG_LPC_MODE));
    EXPECT_EQ(received.kind(), unsigned{LPC_REQUEST});
    EXPECT_EQ(received.data(), "abc");
}

ALPC_TEST(Messages, LongestMessage, "M51", "CSK comment", medium) {
    constexpr std::size_t longest = 65488;
    Connection connection;
    PairOptions options;
    options.listener = options.client = port_attributes(0, api().AlpcMaxAllowedMessageLength());
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    std::string data(longest, '\0');
    for (std::size_t i = 0; i < longest; ++i) data[i] = static_cast<char>(i * 31 + i / 256);
    auto message = std::make_unique<Message<longest>>(data);
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message->get(), release));
    auto received = std::make_unique<Message<longest>>();
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, *received));
    EXPECT_EQ(received->data_length(), longest);
    EXPECT_TRUE(received->data() == data);
}

// The sources disagree on whether the last seven bytes can be used.
ALPC_TEST(Messages, LongerThanTheLongest, "M52", "CSK text", low) {
    Connection connection;
    PairOptions options;
    options.listener = options.client = port_attributes(0, api().AlpcMaxAllowedMessageLength());
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    for (std::size_t total = 0xFFF9; total <= 0xFFFF; ++total) {
        using Longest = Message<0xFFFF - header_size>;
        auto message = std::make_unique<Longest>(std::string(total - header_size, 'x'));
        ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message->get(), release)) << total;
        auto received = std::make_unique<Longest>();
        ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, *received)) << total;
        EXPECT_EQ(received->total_length(), total);
    }
}

ALPC_TEST(Messages, HandleThatIsNone, "5.3", "WineFork", medium) {
    Port none(reinterpret_cast<HANDLE>(ULONG_PTR{0x7FFFFFF4}));
    Message<> message("abc");
    EXPECT_STATUS(STATUS_INVALID_HANDLE, send(none, message.get(), release));
    EXPECT_STATUS(STATUS_INVALID_HANDLE, receive(none, message, nullptr, at_once));
    none.release();
}

}  // namespace
}  // namespace ntalpc::conformance
