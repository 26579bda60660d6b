// SPDX-License-Identifier: LGPL-2.1-or-later
// Waitable legacy ports: signalled while there is something to receive. Waiting takes nothing.
#include "conformance/harness/lpc.h"

namespace ntalpc::conformance {
namespace {

ALPC_TEST(LpcWaitable, SignalledUntilTheMessageIsReceived, "A151", "ReactOS", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection, {.waitable = true}));
    const HANDLE listener = connection.listener.get();
    EXPECT_STATUS(STATUS_TIMEOUT, lpc::wait_for(listener, at_once));
    lpc::Message message("datagram"), received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(connection.client, message));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::wait_for(listener, long_wait));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::wait_for(listener, at_once));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
    EXPECT_STATUS(STATUS_TIMEOUT, lpc::wait_for(listener, at_once));
}

ALPC_TEST(LpcWaitable, MessageEndsAWait, "A151", "ReactOS", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection, {.waitable = true}));
    Thread waiting([&connection] { return lpc::wait_for(connection.listener.get(), long_wait); });
    EXPECT_FALSE(waiting.done(short_wait));
    lpc::Message message("datagram");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(connection.client, message));
    EXPECT_STATUS(STATUS_SUCCESS, waiting.join());
}

ALPC_TEST(LpcWaitable, WaitWithATimeout, "A151", "ReactOS", medium) {
    const Port listener = lpc::create_port(port_name(), {.waitable = true});
    EXPECT_STATUS(STATUS_TIMEOUT, lpc::wait_for(listener.get(), short_wait));
}

ALPC_TEST(LpcWaitable, ConnectionRequestSignals, "A152, A154", "ReactOS", medium) {
    const Port listener = lpc::create_port(port_name(), {.waitable = true});
    EXPECT_STATUS(STATUS_TIMEOUT, lpc::wait_for(listener.get(), at_once));
    auto connecting = lpc::connect_in_thread(port_name());
    EXPECT_STATUS(STATUS_SUCCESS, lpc::wait_for(listener.get(), long_wait));
    lpc::Message request;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(listener, request));
    Port server;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::accept(server, request));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::complete(server));
    const lpc::ConnectResult result = connecting.join();
    ASSERT_STATUS(STATUS_SUCCESS, result.status);
    const Port client(result.port);
    EXPECT_STATUS(STATUS_TIMEOUT, lpc::wait_for(listener.get(), at_once));
}

ALPC_TEST(LpcWaitable, SignalledUntilTheLastMessageIsReceived, "A153", "ReactOS", medium) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection, {.waitable = true}));
    const HANDLE listener = connection.listener.get();
    lpc::Message message("datagram"), received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(connection.client, message));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(connection.client, message));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
    EXPECT_STATUS(STATUS_SUCCESS, lpc::wait_for(listener, at_once));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
    EXPECT_STATUS(STATUS_TIMEOUT, lpc::wait_for(listener, at_once));
}

ALPC_TEST(LpcWaitable, ConversationWorksAsUsual, "A154", "ReactOS", high) {
    lpc::Connection connection;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(connection, {.waitable = true}));
    auto asking = lpc::request_in_thread(connection.client, "request");
    lpc::Message received;
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
    EXPECT_EQ(received.data(), "request");
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(connection.server, received));
    EXPECT_STATUS(STATUS_SUCCESS, asking.join().status);
    ASSERT_STATUS(STATUS_SUCCESS, connection.client.close());
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(connection.listener, received));
    EXPECT_EQ(received.type(), unsigned{LPC_PORT_CLOSED});
}

}  // namespace
}  // namespace ntalpc::conformance
