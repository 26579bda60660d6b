// SPDX-License-Identifier: LGPL-2.1-or-later
// What a port may have under way (MaxPoolUsage), counted in bytes of messages with their headers.
#include "conformance/harness/ports.h"
#include "conformance/harness/requests.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;
constexpr std::size_t kData = 0x80 - header_size;  // messages of 0x80 bytes

// A connection whose client may have four such messages under way.
void make_limited_connection(Connection& connection) {
    PairOptions options;
    options.client.MaxPoolUsage = 4 * 0x80;
    make_connection(connection, options);
}

NTSTATUS send_one(const Port& port, ULONG flags = release) {
    Message<> message(std::string(kData, 'x'));
    return send(port, message.get(), flags);
}

ALPC_TEST(Limits, PoolUsageEndsWithQuotaExceeded, "5.3", "inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_limited_connection(connection));
    for (int i = 0; i < 4; ++i) ASSERT_STATUS(STATUS_SUCCESS, send_one(connection.client)) << i;
    EXPECT_STATUS(STATUS_QUOTA_EXCEEDED, send_one(connection.client));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_STATUS(STATUS_SUCCESS, send_one(connection.client)) << "a message received is under way no more";
}

ALPC_TEST(Limits, RequestIsUnderWayUntilItsAnswer, "5.3", "inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_limited_connection(connection));
    Message<> received;
    for (int i = 0; i < 4; ++i) {
        ASSERT_STATUS(STATUS_SUCCESS, send_one(connection.client, 0)) << i;
        ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received)) << i;
    }
    EXPECT_STATUS(STATUS_QUOTA_EXCEEDED, send_one(connection.client));
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply"));
    EXPECT_STATUS(STATUS_SUCCESS, send_one(connection.client));
}

ALPC_TEST(Limits, OnlyTheSendingPortsPoolCounts, "5.3", "inferred", low) {
    Connection connection;
    PairOptions options;
    options.client.MaxPoolUsage = 0x80;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    for (int i = 0; i < 8; ++i) EXPECT_STATUS(STATUS_SUCCESS, send_one(connection.server)) << i;
}

ALPC_TEST(Limits, ZeroIsNoLimit, "4.1", "DWU, LDOS, UA", medium) {
    Connection connection;
    PairOptions options;
    options.listener = options.client = ALPC_PORT_ATTRIBUTES{};
    options.listener.MaxMessageLength = options.client.MaxMessageLength = 0x500;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    for (int i = 0; i < 100; ++i) ASSERT_STATUS(STATUS_SUCCESS, send_one(connection.client)) << i;
}

// What a reserve is for.
ALPC_TEST(Limits, ReservedMessageIsSentFromAFullPool, "9", "WI", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_limited_connection(connection));
    ULONG reserve = 0;
    ASSERT_STATUS(STATUS_SUCCESS,
                  api().NtAlpcCreateResourceReserve(connection.client.get(), 0u, SIZE_T{kData}, &reserve));
    for (int i = 0; i < 3; ++i) ASSERT_STATUS(STATUS_SUCCESS, send_one(connection.client)) << i;
    EXPECT_STATUS(STATUS_QUOTA_EXCEEDED, send_one(connection.client)) << "the reserve counts";
    Message<> message("from the reserve"), received;
    message.header().MessageId = reserve;
    EXPECT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release));
    for (int i = 0; i < 4; ++i) ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received)) << i;
    EXPECT_EQ(received.data(), "from the reserve");
}

ALPC_TEST(Limits, ReserveThatDoesNotFitThePool, "9", "inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_limited_connection(connection));
    ULONG reserve = 0;
    EXPECT_STATUS(STATUS_QUOTA_EXCEEDED,
                  api().NtAlpcCreateResourceReserve(connection.client.get(), 0u, SIZE_T{0x1000}, &reserve));
}

ALPC_TEST(Limits, ConnectMessageCountsToo, "5.3", "inferred", low) {
    const Port listener = create_port(port_name());
    ConnectOptions options;
    options.attributes.MaxPoolUsage = 0x40;
    Port client;
    Message<> message(std::string(0x100, 'x'));
    SIZE_T length = message.size();
    EXPECT_STATUS(STATUS_QUOTA_EXCEEDED, connect(client, port_name(), message.get(), &length, options));
}

}  // namespace
}  // namespace ntalpc::conformance
