// SPDX-License-Identifier: LGPL-2.1-or-later
// The end of connections: closing and disconnecting, and what the other side sees of it.
#include <future>

#include "conformance/harness/ports.h"
#include "conformance/harness/requests.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;

ALPC_TEST(Teardown, ServerLearnsThatTheClientHasClosed, "D01, D02", "OVMM test_disconnect, BN", high) {
    Connection connection;
    PairOptions options;
    options.context = reinterpret_cast<PVOID>(ULONG_PTR{0xBADF00D});
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    ASSERT_STATUS(STATUS_SUCCESS, connection.client.close());
    Attributes attributes(ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    Message<> notice;  // D02: any data in it is ignored
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, notice, attributes.get()));
    EXPECT_EQ(notice.type(), unsigned{LPC_PORT_CLOSED});
    EXPECT_EQ(attributes.valid() & ALPC_MESSAGE_CONTEXT_ATTRIBUTE, ULONG{ALPC_MESSAGE_CONTEXT_ATTRIBUTE});
    EXPECT_EQ(attributes.context().PortContext, options.context);
}

ALPC_TEST(Teardown, DatagramNotYetReceivedIsReportedAsCanceled, "D03", "OVMM test_send_then_close", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("abc");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release));
    ASSERT_STATUS(STATUS_SUCCESS, connection.client.close());
    Message<> notice;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, notice));
    EXPECT_EQ(notice.type(), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_EQ(notice.data_length(), 0u);
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, notice));
    EXPECT_EQ(notice.type(), unsigned{LPC_PORT_CLOSED});
}

ALPC_TEST(Teardown, UnreleasedRepliesAreReportedAsCanceled, "D04", "P4W advanced output", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    for (int i = 0; i < 3; ++i) {
        Thread client([&connection] {
            Message<> message("request"), answer;
            return request(connection.client, message, answer);
        });
        Message<> received;
        ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
        ASSERT_STATUS(STATUS_SUCCESS, send(connection.listener, received.get(), 0));
        ASSERT_STATUS(STATUS_SUCCESS, client.join());
    }
    ASSERT_STATUS(STATUS_SUCCESS, connection.client.close());
    int canceled = 0, closed = 0;
    for (int i = 0; i < 4; ++i) {
        Message<> notice;
        ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, notice));
        canceled += notice.kind() == LPC_CANCEL_MESSAGE;
        closed += notice.kind() == LPC_PORT_CLOSED;
    }
    EXPECT_EQ(canceled, 3);
    EXPECT_EQ(closed, 1);
}

#ifdef _WIN32
ALPC_TEST(Teardown, WaitableClientIsSignalledWhenTheServerCloses, "D05", "OVMM mesh", high) {
    Connection connection;
    PairOptions options;
    options.client = port_attributes(ALPC_PORFLG_WAITABLE_PORT);
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    ASSERT_STATUS(STATUS_SUCCESS, connection.server.close());
    EXPECT_EQ(WaitForSingleObject(connection.client.get(), static_cast<DWORD>(long_wait.count())),
              WAIT_OBJECT_0);
}
#endif

ALPC_TEST(Teardown, SendAfterTheServerDisconnects, "D06", "OVMM comment, ERREF, SOGEN", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ASSERT_STATUS(STATUS_SUCCESS, api().NtAlpcDisconnectPort(connection.server.get(), ULONG{0}));
    Message<> message("abc");
    EXPECT_STATUS(STATUS_PORT_DISCONNECTED, send(connection.client, message.get(), release));
}

ALPC_TEST(Teardown, SendAfterTheServerCloses, "D06", "OVMM comment", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ASSERT_STATUS(STATUS_SUCCESS, connection.server.close());
    Message<> message("abc");
    EXPECT_STATUS(STATUS_PORT_DISCONNECTED, send(connection.client, message.get(), release));
}

ALPC_TEST(Teardown, SendAfterTheListenerCloses, "D06", "WI", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ASSERT_STATUS(STATUS_SUCCESS, connection.server.close());
    ASSERT_STATUS(STATUS_SUCCESS, connection.listener.close());
    Message<> message("abc");
    EXPECT_STATUS(STATUS_PORT_DISCONNECTED, send(connection.client, message.get(), release));
}

ALPC_TEST(Teardown, WaitingRequesterIsReleasedByADisconnect, "D07", "ROST", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Thread client([&connection] {
        Message<> message("request"), answer;
        return request(connection.client, message, answer);
    });
    // Once the request is here, the client's thread waits for the answer.
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS, api().NtAlpcDisconnectPort(connection.server.get(), ULONG{0}));
    EXPECT_FAILURE(client.join());
}

ALPC_TEST(Teardown, WaitingRequesterIsReleasedWhenTheServerCloses, "D07", "inferred", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Thread client([&connection] {
        Message<> message("request"), answer;
        return request(connection.client, message, answer);
    });
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    connection.server.close();
    connection.listener.close();
    EXPECT_FAILURE(client.join());
}

ALPC_TEST(Teardown, DisconnectedHandleIsClosedLikeAnyOther, "D09", "CSK, BN, P4W", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ASSERT_STATUS(STATUS_SUCCESS, api().NtAlpcDisconnectPort(connection.client.get(), ULONG{0}));
    EXPECT_STATUS(STATUS_SUCCESS, connection.client.close());
}

ALPC_TEST(Teardown, SecondDisconnect, "D10", "SOGEN", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ASSERT_STATUS(STATUS_SUCCESS, api().NtAlpcDisconnectPort(connection.client.get(), ULONG{0}));
    EXPECT_STATUS(STATUS_PORT_DISCONNECTED, api().NtAlpcDisconnectPort(connection.client.get(), ULONG{0}));
}

ALPC_TEST(Teardown, SendOnAPortThatHasDisconnected, "6.6", "ROS-tests", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ASSERT_STATUS(STATUS_SUCCESS, api().NtAlpcDisconnectPort(connection.client.get(), ULONG{0}));
    Message<> message("abc");
    EXPECT_STATUS(STATUS_PORT_DISCONNECTED, send(connection.client, message.get(), release));
}

ALPC_TEST(Teardown, ListenerCanBeDisconnected, "D11", "CSK, DWU", high) {
    Port listener = create_port(port_name());
    EXPECT_STATUS(STATUS_SUCCESS, api().NtAlpcDisconnectPort(listener.get(), ULONG{0}));
}

ALPC_TEST(Teardown, ServerThatAcceptsAndVanishes, "D13", "OVMM comment", medium) {
    const std::string name = port_name();
    Port listener = create_port(name), client, server;
    ASSERT_STATUS(STATUS_SUCCESS, connect(client, name));
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    ASSERT_STATUS(STATUS_SUCCESS, accept(server, listener, request.get()));
    ASSERT_STATUS(STATUS_SUCCESS, server.close());
    Message<> reply;
    ASSERT_STATUS(STATUS_SUCCESS, receive(client, reply));
    EXPECT_TRUE(reply.kind() == LPC_INTERNAL_CONNECTION_REPLY || reply.kind() == LPC_CANCEL_MESSAGE)
        << reply.kind();
}

ALPC_TEST(Teardown, ReplySentBeforeTheEndArrives, "D19", "CSK", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Thread client([&connection] {
        Message<> message("request"), answer;
        const NTSTATUS status = request(connection.client, message, answer);
        return std::make_pair(status, answer.data());
    });
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS,
                  send_answer(connection.listener, received, "last words", ALPC_MSGFLG_REPLY_MESSAGE));
    ASSERT_STATUS(STATUS_SUCCESS, api().NtAlpcDisconnectPort(connection.server.get(), ULONG{0}));
    connection.server.close();
    connection.listener.close();
    const auto [status, answer] = client.join();
    ASSERT_STATUS(STATUS_SUCCESS, status);
    EXPECT_EQ(answer, "last words");
}

// ---- Flags of NtAlpcDisconnectPort ----

// What the server has received and not answered when its client disconnects.
NTSTATUS leave_a_request_behind(Connection& connection, ULONG flags, Message<>& request) {
    Message<> message("request");
    EXPECT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
    EXPECT_STATUS(STATUS_SUCCESS, receive(connection.listener, request));
    return api().NtAlpcDisconnectPort(connection.client.get(), flags);
}

ALPC_TEST(Teardown, DisconnectCancelsWhatThePeerHasReceived, "6.1, D12", "PHNT", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> request, notice;
    ASSERT_STATUS(STATUS_SUCCESS,
                  leave_a_request_behind(connection, ALPC_DISCONNECT_PORT_FLG_DEFAULT, request));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, notice));
    EXPECT_EQ(notice.type(), unsigned{LPC_CANCEL_MESSAGE});
    EXPECT_EQ(notice.id(), request.id());
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, notice));
    EXPECT_EQ(notice.type(), unsigned{LPC_PORT_CLOSED});
}

ALPC_TEST(Teardown, DisconnectMaySpareWhatThePeerHasReceived, "D12", "PHNT", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> request, notice;
    ASSERT_STATUS(STATUS_SUCCESS,
                  leave_a_request_behind(connection, ALPC_DISCONNECT_PORT_FLG_SKIP_PENDING_FLUSH, request));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, notice));
    EXPECT_EQ(notice.type(), unsigned{LPC_PORT_CLOSED});
    EXPECT_STATUS(STATUS_TIMEOUT, receive(connection.listener, notice, nullptr, at_once));
    // It is still there to be asked about, but its answer has nowhere to go.
    unsigned char sid[128];
    EXPECT_STATUS(STATUS_SUCCESS, api().NtAlpcQueryInformationMessage(
                                      connection.listener.get(), request.get(), AlpcMessageSidInformation,
                                      sid, ULONG{sizeof(sid)}, PULONG{}));
    EXPECT_STATUS(STATUS_PORT_DISCONNECTED, send_answer(connection.server, request, "too late"));
    connection.server.close();
    EXPECT_STATUS(STATUS_INVALID_MESSAGE, send_answer(connection.listener, request, "even later"));
}

ALPC_TEST(Teardown, SparedOrNotWhatWasNotReceivedIsCanceled, "6.1", "PHNT", low) {
    for (const ULONG flags :
         {ULONG{ALPC_DISCONNECT_PORT_FLG_DEFAULT}, ULONG{ALPC_DISCONNECT_PORT_FLG_SKIP_PENDING_FLUSH}}) {
        Connection connection;
        ASSERT_NO_FATAL_FAILURE(make_connection(connection));
        Message<> message("request"), notice;
        ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
        ASSERT_STATUS(STATUS_SUCCESS, api().NtAlpcDisconnectPort(connection.client.get(), flags));
        ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, notice));
        EXPECT_EQ(notice.type(), unsigned{LPC_CANCEL_MESSAGE});
    }
}

ALPC_TEST(Teardown, UnknownDisconnectFlags, "3.9", "inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, api().NtAlpcDisconnectPort(connection.client.get(), ULONG{2}));
    Message<> message("still connected");
    EXPECT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release));
}

// Nothing shows from outside that a thread has begun to wait in a call. When the close comes too early, the
// call finds no handle, or what somebody else has made meanwhile; then the whole is tried again with a longer
// head start.
ALPC_TEST(Teardown, ReceiverIsReleasedWhenItsPortIsClosed, "M42", "ROST", low) {
    NTSTATUS status = STATUS_INVALID_HANDLE;
    for (std::chrono::milliseconds head_start{10}; head_start < std::chrono::seconds(2); head_start *= 2) {
        const Unrecorded unrecorded;
        Port port = create_port(port_name());
        std::promise<void> about_to_receive;
        Thread receiver([handle = port.get(), &about_to_receive] {
            const Unrecorded unrecorded_too;
            Port same(handle);
            Message<> message;
            about_to_receive.set_value();
            const NTSTATUS result = receive(same, message);
            same.release();
            return result;
        });
        about_to_receive.get_future().wait();
        Message<> nothing;
        Port pause = create_port(port_name("-pause"));
        ASSERT_STATUS(STATUS_TIMEOUT, receive(pause, nothing, nullptr, head_start));
        ASSERT_STATUS(STATUS_SUCCESS, port.close());
        status = receiver.join();
        if (status != static_cast<NTSTATUS>(STATUS_INVALID_HANDLE) &&
            status != static_cast<NTSTATUS>(STATUS_OBJECT_TYPE_MISMATCH))
            break;
    }
    EXPECT_STATUS(STATUS_PORT_CLOSED, status);
}

}  // namespace
}  // namespace ntalpc::conformance
