// SPDX-License-Identifier: LGPL-2.1-or-later
// Legacy datagrams and requests on their way to the receiver: lengths, headers, queues, order, timeouts.
#include <set>
#include <vector>

#include "conformance/harness/lpc.h"

namespace ntalpc::conformance {
namespace {

// ---- Datagrams ----

ALPC_TEST(LpcMessages, DatagramArrivesAndItsSenderKeepsItsBuffer, "A068, A069", "ReactOS apitest, Wine test",
          high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    lpc::Message message("datagram"), received;
    const std::string before(reinterpret_cast<char*>(message.get()), sizeof(message));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(connection.client, message));
    EXPECT_EQ(std::string(reinterpret_cast<char*>(message.get()), sizeof(message)), before);
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
    EXPECT_EQ(received.type(), unsigned{LPC_DATAGRAM});
    EXPECT_EQ(received.data_length(), 8u);
    EXPECT_EQ(received.total_length(), header_size + 8);
    EXPECT_EQ(received.data(), "datagram");
    EXPECT_NE(received.id(), 0u);
    EXPECT_EQ(received.header().ClientId.UniqueProcess, current_process_id());
    EXPECT_EQ(received.header().ClientId.UniqueThread, current_thread_id());
}

void set_lengths(lpc::Message& message, std::size_t data_length, std::size_t total_length) {
    message.header().u1.s1.DataLength = static_cast<SHORT>(data_length);
    message.header().u1.s1.TotalLength = static_cast<SHORT>(total_length);
}

ALPC_TEST(LpcMessages, TotalLengthTooShortForTheData, "A070", "ReactOS", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    lpc::Message message("datagram"), answer;
    set_lengths(message, 8, header_size + 7);
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, lpc::send_datagram(connection.client, message));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, lpc::request(connection.client, message, answer));
}

ALPC_TEST(LpcMessages, LengthsAreCheckedBeforeTheHandle, "A071", "ReactOS", low) {
    lpc::Message message("datagram");
    set_lengths(message, 8, header_size + 7);
    Port closed = lpc::create_port(port_name());
    const HANDLE handle = closed.get();
    ASSERT_STATUS(STATUS_SUCCESS, closed.close());
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, api().NtRequestPort(handle, message.get()));
}

ALPC_TEST(LpcMessages, LongestMessage, "A072", "ReactOS apitest, docs", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    lpc::Message message(std::string(lpc::max_data, 'x')), received, answer;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(connection.client, message));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
    EXPECT_EQ(received.total_length(), lpc::max_message_length);
    EXPECT_EQ(received.data(), message.data());
    set_lengths(message, lpc::max_data, lpc::max_message_length + 1);
    EXPECT_STATUS(STATUS_PORT_MESSAGE_TOO_LONG, lpc::send_datagram(connection.client, message));
    EXPECT_STATUS(STATUS_PORT_MESSAGE_TOO_LONG, lpc::request(connection.client, message, answer));
}

ALPC_TEST(LpcMessages, NoData, "A073", "Sandboxie", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    lpc::Message message(""), received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(connection.client, message));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
    EXPECT_EQ(received.data_length(), 0u);
    EXPECT_EQ(received.total_length(), header_size);
}

ALPC_TEST(LpcMessages, TotalLengthMayPromiseMore, "A074", "ReactOS apitest", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    lpc::Message message("datagram"), received;
    set_lengths(message, 4, header_size + 8);
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(connection.client, message));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
    EXPECT_EQ(received.data_length(), 4u);
    EXPECT_EQ(received.total_length(), header_size + 8);
    EXPECT_EQ(received.data(), "data");
}

ALPC_TEST(LpcMessages, DatagramWithDataInformation, "A075", "ReactOS", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    lpc::Message message(std::string(64, '\0'));
    message.header().u2.s2.DataInfoOffset = static_cast<SHORT>(header_size);
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, lpc::send_datagram(connection.client, message));
}

ALPC_TEST(LpcMessages, HandleOfSomethingElse, "A076", "ReactOS", high) {
    const lpc::Section section(0x10000);
    lpc::Message message("datagram"), answer;
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, api().NtRequestPort(section.get(), message.get()));
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH,
                  api().NtRequestWaitReplyPort(section.get(), message.get(), answer.get()));
}

ALPC_TEST(LpcMessages, ClosedHandle, "A076", "ReactOS", high) {
    Port port = lpc::create_port(port_name());
    const HANDLE handle = port.get();
    ASSERT_STATUS(STATUS_SUCCESS, port.close());
    lpc::Message message("datagram"), answer;
    EXPECT_STATUS(STATUS_INVALID_HANDLE, api().NtRequestPort(handle, message.get()));
    EXPECT_STATUS(STATUS_INVALID_HANDLE, api().NtRequestWaitReplyPort(handle, message.get(), answer.get()));
}

// ---- Which queue ----

ALPC_TEST(LpcMessages, DatagramToTheConnectionPortItself, "A077", "ReactOS, Sandboxie", medium) {
    const Port listener = lpc::create_port(port_name());
    lpc::Message message("wake up"), received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(listener, message));
    PVOID context = lpc::test_context();
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(listener, received, &context));
    EXPECT_EQ(received.type(), unsigned{LPC_DATAGRAM});
    EXPECT_EQ(received.data(), "wake up");
    EXPECT_EQ(context, nullptr);
}

ALPC_TEST(LpcMessages, DatagramToAClient, "A078", "ReactOS", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    lpc::Message message("unasked"), received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(connection.server, message));
    PVOID context = lpc::test_context();
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.client, received, &context));
    EXPECT_EQ(received.type(), unsigned{LPC_DATAGRAM});
    EXPECT_EQ(received.data(), "unasked");
    EXPECT_EQ(received.header().ClientId.UniqueThread, current_thread_id());
    EXPECT_EQ(context, nullptr);
}

ALPC_TEST(LpcMessages, OrderOfSending, "A079", "ReactOS", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    Port server, client;
    ASSERT_NO_FATAL_FAILURE(lpc::add_client(connection.listener, port_name(), server, client));
    for (const auto& [port, text] :
         {std::pair{&connection.client, "1"}, {&client, "2"}, {&connection.client, "3"}}) {
        lpc::Message message(text);
        ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(*port, message));
    }
    auto asking = lpc::request_in_thread(client, "4");
    lpc::Message received;
    for (const char* text : {"1", "2", "3", "4"}) {
        ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
        EXPECT_EQ(received.data(), text);
    }
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(connection.listener, received));
    EXPECT_STATUS(STATUS_SUCCESS, asking.join().status);
}

ALPC_TEST(LpcMessages, ServersPortReceivesForAllClients, "A085", "ReactOS apitest, ReactOS", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    Port server, client;
    ASSERT_NO_FATAL_FAILURE(lpc::add_client(connection.listener, port_name(), server, client));
    lpc::Message message("from the other"), received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(client, message));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.server, received));
    EXPECT_EQ(received.data(), "from the other");
    auto connecting = lpc::connect_in_thread(port_name());
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.server, received));
    EXPECT_EQ(received.type(), unsigned{LPC_CONNECTION_REQUEST});
    EXPECT_STATUS(STATUS_SUCCESS, lpc::refuse(received));
    EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, connecting.join().status);
}

// What becomes of the request is not known of newer versions: the connection is ended to release its sender.
ALPC_TEST(LpcMessages, ListenTakesConnectionRequestsOnly, "A086", "ReactOS", low) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    lpc::Message datagram("dropped"), received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(connection.client, datagram));
    auto connecting = lpc::connect_in_thread(port_name());
    ASSERT_STATUS(STATUS_SUCCESS, api().NtListenPort(connection.listener.get(), received.get()));
    EXPECT_EQ(received.type(), unsigned{LPC_CONNECTION_REQUEST});
    EXPECT_STATUS(STATUS_SUCCESS, lpc::refuse(received));
    EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, connecting.join().status);
    EXPECT_STATUS(STATUS_TIMEOUT, lpc::receive(connection.listener, received, nullptr, at_once));
}

// ---- Requests ----

ALPC_TEST(LpcMessages, RequestWithAnotherType, "A080", "ReactOS", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    for (SHORT type = 2; type <= 13; ++type) {
        lpc::Message message("request"), answer;
        message.header().u2.s2.Type = type;
        EXPECT_STATUS(STATUS_INVALID_PARAMETER, lpc::request(connection.client, message, answer)) << type;
    }
    lpc::Message received;
    EXPECT_STATUS(STATUS_TIMEOUT, lpc::receive(connection.listener, received, nullptr, at_once));
}

ALPC_TEST(LpcMessages, ServerSeesWhoAsks, "A081", "ReactOS, docs", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    auto asking = lpc::request_in_thread(connection.client, "request");
    lpc::Message received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
    EXPECT_EQ(received.type(), unsigned{LPC_REQUEST});
    EXPECT_EQ(received.data(), "request");
    EXPECT_NE(received.id(), 0u);
    EXPECT_EQ(received.header().ClientId.UniqueProcess, current_process_id());
    const HANDLE sender = received.header().ClientId.UniqueThread;
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(connection.listener, received));
    EXPECT_EQ(sender, asking.join().thread);
}

ALPC_TEST(LpcMessages, NoImpersonationIsNotPartOfTheType, "A124", "ReactOS, phnt", low) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    Thread asking([&connection] {
        lpc::Message message("request"), answer;
        message.header().u2.s2.Type = LPC_NO_IMPERSONATE;
        return lpc::request(connection.client, message, answer);
    });
    lpc::Message received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
    EXPECT_EQ(received.kind(), unsigned{LPC_REQUEST});
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(connection.listener, received));
    EXPECT_STATUS(STATUS_SUCCESS, asking.join());
}

// ---- Several receivers ----

ALPC_TEST(LpcMessages, OneMessageWakesOneReceiver, "A103", "ReactOS", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    const auto receive_one = [&connection] {
        lpc::Message received;
        const NTSTATUS status = lpc::receive(connection.listener, received);
        return status == STATUS_SUCCESS ? received.data() : describe_status(status);
    };
    Thread one(receive_one), two(receive_one);
    lpc::Message first("first"), second("second");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(connection.client, first));
    while (!one.done(std::chrono::milliseconds(1)) && !two.done(std::chrono::milliseconds(1))) continue;
    // The other one still waits for something.
    EXPECT_FALSE(one.done(short_wait) && two.done(short_wait));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(connection.client, second));
    const std::set<std::string> all{one.join(), two.join()};
    EXPECT_EQ(all, (std::set<std::string>{"first", "second"}));
}

// ---- Timeouts ----

ALPC_TEST(LpcMessages, EmptyQueueWithoutWaiting, "A104", "inferred", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    lpc::Message received;
    EXPECT_STATUS(STATUS_TIMEOUT, lpc::receive(connection.listener, received, nullptr, at_once));
    EXPECT_STATUS(STATUS_TIMEOUT, lpc::receive(connection.server, received, nullptr, at_once));
    EXPECT_STATUS(STATUS_TIMEOUT, lpc::receive(connection.client, received, nullptr, at_once));
    EXPECT_TRUE(received.untouched());
}

ALPC_TEST(LpcMessages, EmptyQueueWithATimeout, "A105", "inferred", high) {
    const Port listener = lpc::create_port(port_name());
    lpc::Message received;
    const auto start = std::chrono::steady_clock::now();
    EXPECT_STATUS(STATUS_TIMEOUT, lpc::receive(listener, received, nullptr, short_wait));
    const auto waited = std::chrono::steady_clock::now() - start;
    // A tick of Windows' clock may be missing.
    EXPECT_GE(waited, short_wait - std::chrono::milliseconds(16));
    EXPECT_LT(waited, std::chrono::seconds(5));
    EXPECT_TRUE(received.untouched());
}

ALPC_TEST(LpcMessages, EmptyQueueUntilAnHour, "section 9.2", "inferred", high) {
    const Port listener = lpc::create_port(port_name());
    for (const auto from_now : {short_wait, std::chrono::milliseconds(-1000)}) {
        LARGE_INTEGER hour = absolute(from_now);
        lpc::Message received;
        EXPECT_STATUS(STATUS_TIMEOUT,
                      api().NtReplyWaitReceivePortEx(listener.get(), static_cast<PVOID*>(nullptr),
                                                     PPORT_MESSAGE{}, received.get(), &hour));
    }
}

ALPC_TEST(LpcMessages, TimeoutAfterAReply, "A106", "inferred", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    auto asking = lpc::request_in_thread(connection.client, "request");
    lpc::Message received, next;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
    EXPECT_STATUS(STATUS_TIMEOUT,
                  lpc::reply_and_receive(connection.listener, received, next, nullptr, short_wait));
    EXPECT_TRUE(next.untouched());
    EXPECT_STATUS(STATUS_SUCCESS, asking.join().status);
}

ALPC_TEST(LpcMessages, NoTimeoutAtAll, "A107", "ReactOS", high) {
    const Port listener = lpc::create_port(port_name());
    Thread receiving([&listener] {
        std::vector<unsigned> types;
        lpc::Message received;
        for (int i = 0; i < 2; ++i) {
            const NTSTATUS status =
                i == 0 ? api().NtReplyWaitReceivePortEx(listener.get(), static_cast<PVOID*>(nullptr),
                                                        PPORT_MESSAGE{}, received.get(), PLARGE_INTEGER{})
                       : api().NtReplyWaitReceivePort(listener.get(), static_cast<PVOID*>(nullptr),
                                                      PPORT_MESSAGE{}, received.get());
            EXPECT_STATUS(STATUS_SUCCESS, status);
            types.push_back(received.type());
            if (received.type() == LPC_CONNECTION_REQUEST) {
                EXPECT_STATUS(STATUS_SUCCESS, lpc::refuse(received));
            }
        }
        return types;
    });
    EXPECT_FALSE(receiving.done(short_wait));
    for (int i = 0; i < 2; ++i) {
        HANDLE client = nullptr;
        EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, lpc::connect(&client, port_name()));
    }
    EXPECT_EQ(receiving.join(), std::vector<unsigned>(2, unsigned{LPC_CONNECTION_REQUEST}));
}

// ---- Information ----

ALPC_TEST(LpcMessages, QueryWithoutAPort, "A157", "ReactOS", low) {
    EXPECT_STATUS(STATUS_INVALID_INFO_CLASS,
                  api().NtQueryInformationPort(HANDLE{}, PortBasicInformation, PVOID{}, ULONG{0}, PULONG{}));
}

}  // namespace
}  // namespace ntalpc::conformance
