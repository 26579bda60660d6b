// SPDX-License-Identifier: LGPL-2.1-or-later
// The end of legacy ports, clients and threads, as the other side and termination ports see it. What needs
// the death of a process is an end-to-end test.
#include "conformance/harness/lpc.h"

namespace ntalpc::conformance {
namespace {

void expect_nothing_queued(const Port& listener) {
    lpc::Message message;
    EXPECT_STATUS(STATUS_TIMEOUT, lpc::receive(listener, message, nullptr, at_once));
}

void expect_next(const Port& listener, unsigned type) {
    lpc::Message message;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(listener, message));
    EXPECT_EQ(message.type(), type);
}

// ---- The client goes ----

// Newer versions do not always say which thread closed (A137): it is not looked at.
ALPC_TEST(LpcDeath, ServerLearnsThatTheClientHasClosed, "A136, A137", "ReactOS, Sandboxie, phnt", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    ASSERT_STATUS(STATUS_SUCCESS, connection.client.close());
    lpc::Message notice;
    PVOID context = nullptr;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, notice, &context));
    EXPECT_EQ(notice.type(), unsigned{LPC_PORT_CLOSED});
    EXPECT_EQ(notice.data_length(), 8u);
    EXPECT_EQ(notice.total_length(), header_size + 8);
    EXPECT_EQ(context, lpc::test_context());
    EXPECT_NEAR(static_cast<double>(lpc::time_in(notice)), static_cast<double>(lpc::process_creation_time()),
                static_cast<double>(lpc::creation_time_tolerance));
    expect_nothing_queued(connection.listener);
}

ALPC_TEST(LpcDeath, ServersPortReceivesTheNotice, "A136", "ReactOS", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    Port server, client;
    ASSERT_NO_FATAL_FAILURE(lpc::add_client(connection.listener, port_name(), server, client));
    ASSERT_STATUS(STATUS_SUCCESS, connection.client.close());
    lpc::Message notice;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(server, notice));
    EXPECT_EQ(notice.type(), unsigned{LPC_PORT_CLOSED});
}

ALPC_TEST(LpcDeath, OneOfTwoHandlesIsClosed, "A138", "inferred", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    Port other(lpc::duplicate(connection.client.get()));
    ASSERT_STATUS(STATUS_SUCCESS, connection.client.close());
    expect_nothing_queued(connection.listener);
    lpc::Message message("still here");
    EXPECT_STATUS(STATUS_SUCCESS, lpc::send_datagram(other, message));
    expect_next(connection.listener, LPC_DATAGRAM);
    ASSERT_STATUS(STATUS_SUCCESS, other.close());
    expect_next(connection.listener, LPC_PORT_CLOSED);
}

ALPC_TEST(LpcDeath, NoNoticeWhenTheServerClosedFirst, "A139", "ReactOS", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    ASSERT_STATUS(STATUS_SUCCESS, connection.server.close());
    ASSERT_STATUS(STATUS_SUCCESS, connection.client.close());
    expect_nothing_queued(connection.listener);
}

ALPC_TEST(LpcDeath, MessagesOfAClosedClientAreDelivered, "A143", "ReactOS", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    lpc::Message message("last words"), received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(connection.client, message));
    ASSERT_STATUS(STATUS_SUCCESS, connection.client.close());
    PVOID context = nullptr;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received, &context));
    EXPECT_EQ(received.data(), "last words");
    EXPECT_EQ(context, lpc::test_context());
    EXPECT_TRUE(is_one_of(lpc::reply(connection.listener, received), STATUS_REPLY_MESSAGE_MISMATCH,
                          STATUS_INVALID_CID));
    expect_next(connection.listener, LPC_PORT_CLOSED);
}

ALPC_TEST(LpcDeath, SendToAClientThatHasClosed, "A146", "ReactOS", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    ASSERT_STATUS(STATUS_SUCCESS, connection.client.close());
    lpc::Message message("too late"), answer;
    EXPECT_STATUS(STATUS_PORT_DISCONNECTED, lpc::send_datagram(connection.server, message));
    EXPECT_STATUS(STATUS_PORT_DISCONNECTED, lpc::request(connection.server, message, answer));
    EXPECT_STATUS(STATUS_SUCCESS, connection.server.close());
}

ALPC_TEST(LpcDeath, ReceivingGoesOnAfterANotice, "A149", "phnt", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    ASSERT_STATUS(STATUS_SUCCESS, connection.client.close());
    expect_next(connection.listener, LPC_PORT_CLOSED);
    Port server, client;
    ASSERT_NO_FATAL_FAILURE(lpc::add_client(connection.listener, port_name(), server, client));
    lpc::Message message("hello");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(client, message));
    expect_next(connection.listener, LPC_DATAGRAM);
}

// ---- The server goes ----

struct Asked {
    Asked() : connection(made()), asking(lpc::request_in_thread(connection->client, "request")) {
        EXPECT_STATUS(STATUS_SUCCESS, lpc::receive(connection->listener, received));
    }
    // After a failure the client must not wait for ever.
    ~Asked() { connection->server.close(); }

    static std::unique_ptr<lpc::Connection> made() {
        auto result = std::make_unique<lpc::Connection>();
        lpc::make_connection(*result);
        return result;
    }

    std::unique_ptr<lpc::Connection> connection;
    decltype(lpc::request_in_thread(std::declval<const Port&>(), "")) asking;
    lpc::Message received;
};

ALPC_TEST(LpcDeath, ServerClosesWhileTheClientWaits, "A144, A148", "ReactOS, inferred", medium) {
    Asked asked;
    ASSERT_STATUS(STATUS_SUCCESS, asked.connection->server.close());
    EXPECT_TRUE(is_one_of(asked.asking.join().status, STATUS_LPC_REPLY_LOST, STATUS_PORT_DISCONNECTED));
    // Which of the two depends on whether the end of the thread has been noticed.
    const Unrecorded unrecorded;
    EXPECT_TRUE(is_one_of(lpc::reply(asked.connection->listener, asked.received),
                          STATUS_REPLY_MESSAGE_MISMATCH, STATUS_INVALID_CID));
}

ALPC_TEST(LpcDeath, ServerClosesWhileARequestIsQueued, "A144", "ReactOS, inferred", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    lpc::Message datagram("first"), received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(connection.client, datagram));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
    Thread asking([&connection] {
        lpc::Message message("request"), answer;
        const NTSTATUS status = lpc::request(connection.client, message, answer);
        EXPECT_TRUE(answer.untouched());
        return status;
    });
    ASSERT_STATUS(STATUS_SUCCESS, connection.server.close());
    EXPECT_TRUE(is_one_of(asking.join(), STATUS_LPC_REPLY_LOST, STATUS_PORT_DISCONNECTED));
}

ALPC_TEST(LpcDeath, SendToAServerThatHasClosed, "A145", "ReactOS, docs", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    ASSERT_STATUS(STATUS_SUCCESS, connection.server.close());
    lpc::Message message("too late"), answer;
    EXPECT_STATUS(STATUS_PORT_DISCONNECTED, lpc::send_datagram(connection.client, message));
    EXPECT_STATUS(STATUS_PORT_DISCONNECTED, lpc::request(connection.client, message, answer));
}

ALPC_TEST(LpcDeath, ServerClosesInACallback, "section 9.3", "ReactOS", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    std::promise<void> answering;
    Thread client([&] {
        lpc::Message request("request"), message;
        EXPECT_STATUS(STATUS_SUCCESS, lpc::request(connection.client, request, message));
        answering.set_value();
        return lpc::reply_and_wait(connection.client, message);
    });
    lpc::Message original;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, original));
    lpc::Message message = lpc::answer_to(original, "question"), answer;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::request(connection.server, message, answer));
    answering.get_future().wait();
    ASSERT_STATUS(STATUS_SUCCESS, connection.server.close());
    EXPECT_TRUE(is_one_of(client.join(), STATUS_LPC_REPLY_LOST, STATUS_PORT_DISCONNECTED));
}

ALPC_TEST(LpcDeath, ClientClosesWhileItAnswersACallback, "section 15.1", "inferred", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    Thread client([&] {
        lpc::Message request("request"), message;
        EXPECT_STATUS(STATUS_SUCCESS, lpc::request(connection.client, request, message));
        EXPECT_STATUS(STATUS_SUCCESS, connection.client.close());
    });
    lpc::Message original;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, original));
    lpc::Message message = lpc::answer_to(original, "question"), answer;
    EXPECT_TRUE(is_one_of(lpc::request(connection.server, message, answer), STATUS_LPC_REPLY_LOST,
                          STATUS_PORT_DISCONNECTED));
    client.join();
}

// ---- Threads end ----

// Registers the client's port for a thread that ends at once. The thread says who it was.
struct Registered {
    HANDLE thread = nullptr;
    LONGLONG created = 0;
    NTSTATUS status = STATUS_UNSUCCESSFUL;
};

Registered register_for_a_thread(const Port& client, int times = 1) {
    Thread thread([&client, times] {
        Registered result;
        result.thread = current_thread_id();
        result.created = lpc::thread_creation_time();
        for (int i = 0; i < times; ++i) result.status = api().NtRegisterThreadTerminatePort(client.get());
        return result;
    });
    const Registered result = thread.join();
    EXPECT_STATUS(STATUS_SUCCESS, result.status);
    return result;
}

ALPC_TEST(LpcDeath, ThreadThatHasRegisteredEnds, "A140", "Wine test, ReactOS", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    const Registered dead = register_for_a_thread(connection.client);
    lpc::Message notice;
    PVOID context = nullptr;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, notice, &context));
    EXPECT_EQ(notice.type(), unsigned{LPC_CLIENT_DIED});
    EXPECT_EQ(notice.data_length(), 8u);
    EXPECT_EQ(notice.total_length(), header_size + 8);
    EXPECT_EQ(context, lpc::test_context());
    EXPECT_EQ(notice.header().ClientId.UniqueProcess, current_process_id());
    EXPECT_EQ(notice.header().ClientId.UniqueThread, dead.thread);
    EXPECT_NEAR(static_cast<double>(lpc::time_in(notice)), static_cast<double>(dead.created),
                static_cast<double>(lpc::creation_time_tolerance));
}

ALPC_TEST(LpcDeath, NoNoticeOfAThreadThatHasNotRegistered, "A140", "ReactOS", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    Thread thread([&connection] {
        lpc::Message message("hello");
        return lpc::send_datagram(connection.client, message);
    });
    ASSERT_STATUS(STATUS_SUCCESS, thread.join());
    expect_next(connection.listener, LPC_DATAGRAM);
    expect_nothing_queued(connection.listener);
}

ALPC_TEST(LpcDeath, TwoRegistrationsTwoNotices, "A141", "ReactOS", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    register_for_a_thread(connection.client, 2);
    expect_next(connection.listener, LPC_CLIENT_DIED);
    expect_next(connection.listener, LPC_CLIENT_DIED);
    expect_nothing_queued(connection.listener);
}

// Newer versions may report the closing at once: the order of the two is not looked at.
ALPC_TEST(LpcDeath, PortClosesWhileItIsRegistered, "section 15.4", "ReactOS", low) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection));
    Thread thread([&connection] {
        EXPECT_STATUS(STATUS_SUCCESS, api().NtRegisterThreadTerminatePort(connection.client.get()));
        return connection.client.close();
    });
    ASSERT_STATUS(STATUS_SUCCESS, thread.join());
    lpc::Message first, second;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, first));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, second));
    EXPECT_EQ(first.type() + second.type(), unsigned{LPC_CLIENT_DIED} + unsigned{LPC_PORT_CLOSED});
}

ALPC_TEST(LpcDeath, RegisteringWhatIsNoPort, "A150", "ReactOS", high) {
    const lpc::Section section(0x10000);
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, api().NtRegisterThreadTerminatePort(section.get()));
}

// The system's own threads make handles too, and get the value that was free first.
ALPC_TEST(LpcDeath, RegisteringAClosedHandle, "A150", "ReactOS", high) {
    Port first = lpc::create_port(port_name("-first")), port = lpc::create_port(port_name());
    const HANDLE handle = port.get();
    ASSERT_STATUS(STATUS_SUCCESS, first.close());
    ASSERT_STATUS(STATUS_SUCCESS, port.close());
    EXPECT_STATUS(STATUS_INVALID_HANDLE, api().NtRegisterThreadTerminatePort(handle));
}

// ---- Over and over ----

#ifdef _WIN32
constexpr int cycles = 200;
#else
constexpr int cycles = 2000;
#endif

ALPC_TEST(LpcDeath, ConnectAskCloseOverAndOver, "section 15", "inferred", high) {
    const Port listener = lpc::create_port(port_name());
    lpc::Server server(listener, cycles, [](const std::string& data) { return "echo of " + data; });
    for (int i = 0; i < cycles; ++i) {
        Port client;
        ASSERT_STATUS(STATUS_SUCCESS, lpc::connect(client.put(), port_name()));
        const std::string data = std::to_string(i);
        lpc::Message message(data), answer;
        ASSERT_STATUS(STATUS_SUCCESS, lpc::request(client, message, answer));
        ASSERT_EQ(answer.data(), "echo of " + data);
    }
    const std::map<unsigned, int> expected{
        {LPC_REQUEST, cycles}, {LPC_PORT_CLOSED, cycles}, {LPC_CONNECTION_REQUEST, cycles}};
    EXPECT_EQ(server.join(), expected);
}

}  // namespace
}  // namespace ntalpc::conformance
