// SPDX-License-Identifier: LGPL-2.1-or-later
// Waiting on port handles as on any other object.
#include <atomic>
#include <future>

#include "conformance/harness/event.h"
#include "conformance/harness/ports.h"
#include "conformance/harness/thread.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;

ALPC_PORT_ATTRIBUTES waitable() {
    return port_attributes(ALPC_PORFLG_WAITABLE_PORT);
}

NTSTATUS wait_on(const Port& port, std::chrono::milliseconds time) {
    LARGE_INTEGER timeout = relative(time);
    return NtWaitForSingleObject(port.get(), FALSE, &timeout);
}

// Both ends that receive anything can be waited on.
void make_waitable_connection(Connection& connection) {
    PairOptions options;
    options.listener = waitable();
    options.client = waitable();
    make_connection(connection, options);
}

void send_datagram(const Port& port, std::string_view data) {
    Message<> message(data);
    EXPECT_STATUS(STATUS_SUCCESS, send(port, message.get(), release));
}

NTSTATUS receive_at_once(const Port& port) {
    Message<> message;
    return receive(port, message, nullptr, at_once);
}

ALPC_TEST(Waits, AcceptedClientIsSignalled, "W01", "OVMM mesh", high) {
    Connection connection;
    PairOptions options;
    options.client = waitable();
    options.receive_reply = false;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    EXPECT_STATUS(STATUS_SUCCESS, wait_on(connection.client, long_wait));
    EXPECT_STATUS(STATUS_SUCCESS, receive_at_once(connection.client));
    EXPECT_STATUS(STATUS_TIMEOUT, wait_on(connection.client, at_once));
}

ALPC_TEST(Waits, EmptyPortIsNotSignalled, "W02", "OVMM, inferred", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_waitable_connection(connection));
    EXPECT_STATUS(STATUS_TIMEOUT, wait_on(connection.listener, at_once));
    EXPECT_STATUS(STATUS_TIMEOUT, wait_on(connection.client, short_wait));
}

ALPC_TEST(Waits, DrainedPortIsNotSignalled, "W03", "OVMM mesh", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_waitable_connection(connection));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.client, "one"));
    EXPECT_STATUS(STATUS_SUCCESS, wait_on(connection.listener, long_wait));
    EXPECT_STATUS(STATUS_SUCCESS, receive_at_once(connection.listener));
    EXPECT_STATUS(STATUS_TIMEOUT, wait_on(connection.listener, at_once));
}

ALPC_TEST(Waits, ClosingServerSignalsTheClient, "W04", "OVMM mesh", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_waitable_connection(connection));
    ASSERT_STATUS(STATUS_SUCCESS, connection.server.close());
    EXPECT_STATUS(STATUS_SUCCESS, wait_on(connection.client, long_wait));
    EXPECT_FAILURE(receive_at_once(connection.client));
}

ALPC_TEST(Waits, ClosingClientSignalsTheListener, "W04", "OVMM mesh", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_waitable_connection(connection));
    ASSERT_STATUS(STATUS_SUCCESS, connection.client.close());
    EXPECT_STATUS(STATUS_SUCCESS, wait_on(connection.listener, long_wait));
    EXPECT_STATUS(STATUS_SUCCESS, receive_at_once(connection.listener));
}

ALPC_TEST(Waits, RefusalSignalsTheClient, "6.2", "WineFork, ROS-tests", medium) {
    const std::string name = port_name();
    Port listener = create_port(name);
    Port client;
    ConnectOptions options;
    options.attributes = waitable();
    ASSERT_STATUS(STATUS_SUCCESS, connect(client, name, nullptr, nullptr, options));
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    EXPECT_STATUS(STATUS_TIMEOUT, wait_on(client, at_once));
    ASSERT_STATUS(STATUS_SUCCESS, refuse(listener, request.get()));
    EXPECT_STATUS(STATUS_SUCCESS, wait_on(client, long_wait));
}

ALPC_TEST(Waits, ConnectionRequestSignalsTheListener, "A152", "ReactOS", medium) {
    const std::string name = port_name();
    Port listener = create_port(name, waitable());
    EXPECT_STATUS(STATUS_TIMEOUT, wait_on(listener, at_once));
    Port client;
    ASSERT_STATUS(STATUS_SUCCESS, connect(client, name));
    EXPECT_STATUS(STATUS_SUCCESS, wait_on(listener, long_wait));
}

ALPC_TEST(Waits, EachOfTwoMessagesCanBeWaitedFor, "W05", "OVMM mesh", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_waitable_connection(connection));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.client, "one"));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.client, "two"));
    for (int i = 0; i < 2; ++i) {
        EXPECT_STATUS(STATUS_SUCCESS, wait_on(connection.listener, long_wait));
        EXPECT_STATUS(STATUS_SUCCESS, receive_at_once(connection.listener));
    }
    EXPECT_STATUS(STATUS_TIMEOUT, wait_on(connection.listener, at_once));
}

// Waiting takes nothing, receiving does: whether a real semaphore behaves so is not known.
ALPC_TEST(Waits, ReceiveWithoutAWaitResetsThePort, "W06", "unknown; ReactOS for LPC", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_waitable_connection(connection));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.client, "one"));
    EXPECT_STATUS(STATUS_SUCCESS, receive_at_once(connection.listener));
    EXPECT_STATUS(STATUS_TIMEOUT, wait_on(connection.listener, at_once));
}

// What a wait on a port without the flag means is not documented anywhere.
ALPC_TEST(Waits, PortWithoutTheFlagIsNeverSignalled, "6.1", "inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.client, "one"));
    EXPECT_STATUS(STATUS_TIMEOUT, wait_on(connection.listener, at_once));
}

ALPC_TEST(Waits, BlockedWaitersAreAllReleasedByOneMessage, "6.1", "ReactOS", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_waitable_connection(connection));
    const auto wait = [&connection] { return wait_on(connection.listener, long_wait); };
    Thread first(wait), second(wait);
    EXPECT_STATUS(STATUS_TIMEOUT, wait_on(connection.client, short_wait));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.client, "one"));
    EXPECT_STATUS(STATUS_SUCCESS, first.join());
    EXPECT_STATUS(STATUS_SUCCESS, second.join());
    EXPECT_STATUS(STATUS_SUCCESS, receive_at_once(connection.listener));
}

#ifdef _WIN32

constexpr DWORD long_time = static_cast<DWORD>(long_wait.count());
constexpr DWORD short_time = static_cast<DWORD>(short_wait.count());

ALPC_TEST(MixedWaits, EitherKindEndsAWaitForAny, "W03", "wait rules", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_waitable_connection(connection));
    Event event;
    const HANDLE handles[] = {event.get(), connection.listener.get(), connection.client.get()};
    EXPECT_EQ(WaitForMultipleObjects(3, handles, FALSE, 0), DWORD{WAIT_TIMEOUT});
    EXPECT_EQ(WaitForMultipleObjects(3, handles, FALSE, short_time), DWORD{WAIT_TIMEOUT});
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.server, "to the client"));
    EXPECT_EQ(WaitForMultipleObjects(3, handles, FALSE, long_time), WAIT_OBJECT_0 + 2);
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.client, "to the server"));
    EXPECT_EQ(WaitForMultipleObjects(3, handles, FALSE, long_time), WAIT_OBJECT_0 + 1);
    event.set();
    EXPECT_EQ(WaitForMultipleObjects(3, handles, FALSE, long_time), WAIT_OBJECT_0);
}

ALPC_TEST(MixedWaits, BlockedWaitForAnyIsEndedByAMessage, "W03", "wait rules", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_waitable_connection(connection));
    Event event, started;
    Thread waiter([&] {
        const HANDLE handles[] = {event.get(), connection.listener.get()};
        started.set();
        return WaitForMultipleObjects(2, handles, FALSE, INFINITE);
    });
    WaitForSingleObject(started.get(), INFINITE);
    EXPECT_STATUS(STATUS_TIMEOUT, wait_on(connection.client, short_wait));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.client, "one"));
    EXPECT_EQ(waiter.join(), WAIT_OBJECT_0 + 1);
}

ALPC_TEST(MixedWaits, BlockedWaitForAnyIsEndedByAnEvent, "W03", "wait rules", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_waitable_connection(connection));
    Event event, started;
    Thread waiter([&] {
        const HANDLE handles[] = {connection.listener.get(), event.get()};
        started.set();
        return WaitForMultipleObjects(2, handles, FALSE, INFINITE);
    });
    WaitForSingleObject(started.get(), INFINITE);
    EXPECT_STATUS(STATUS_TIMEOUT, wait_on(connection.client, short_wait));
    event.set();
    EXPECT_EQ(waiter.join(), WAIT_OBJECT_0 + 1);
    // The port is none the worse for it.
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.client, "one"));
    EXPECT_STATUS(STATUS_SUCCESS, wait_on(connection.listener, long_wait));
    EXPECT_STATUS(STATUS_SUCCESS, receive_at_once(connection.listener));
}

ALPC_TEST(MixedWaits, WaitForAllNeedsBothKinds, "W03", "wait rules", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_waitable_connection(connection));
    Event event;
    const HANDLE handles[] = {connection.listener.get(), event.get()};
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.client, "one"));
    EXPECT_EQ(WaitForMultipleObjects(2, handles, TRUE, short_time), DWORD{WAIT_TIMEOUT});
    event.set();
    EXPECT_EQ(WaitForMultipleObjects(2, handles, TRUE, long_time), WAIT_OBJECT_0);
    EXPECT_STATUS(STATUS_SUCCESS, receive_at_once(connection.listener));
    EXPECT_EQ(WaitForMultipleObjects(2, handles, TRUE, short_time), DWORD{WAIT_TIMEOUT});
}

ALPC_TEST(MixedWaits, BlockedWaitForAllIsEndedByTheLastOfThem, "W03", "wait rules", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_waitable_connection(connection));
    Event event(true), started;
    Thread waiter([&] {
        const HANDLE handles[] = {event.get(), connection.listener.get(), connection.client.get()};
        started.set();
        return WaitForMultipleObjects(3, handles, TRUE, INFINITE);
    });
    WaitForSingleObject(started.get(), INFINITE);
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.server, "one"));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.client, "one"));
    EXPECT_EQ(waiter.join(), WAIT_OBJECT_0);
}

ALPC_TEST(MixedWaits, SignalAndWaitWaitsForThePort, "W03", "wait rules", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_waitable_connection(connection));
    Event event;
    EXPECT_EQ(SignalObjectAndWait(event.get(), connection.listener.get(), short_time, FALSE),
              DWORD{WAIT_TIMEOUT});
    EXPECT_EQ(WaitForSingleObject(event.get(), 0), WAIT_OBJECT_0);
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.client, "one"));
    EXPECT_EQ(SignalObjectAndWait(event.get(), connection.listener.get(), long_time, FALSE), WAIT_OBJECT_0);
}

ALPC_TEST(MixedWaits, ReusedHandleValueIsJudgedAnew, "W03", "wait rules", high) {
    Port port = create_port({}, waitable());
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(WaitForSingleObject(port.get(), 0), DWORD{WAIT_TIMEOUT});
        port.close();
        Event event(true);  // takes the lowest free value, most likely the port's
        EXPECT_EQ(WaitForSingleObject(event.get(), 0), WAIT_OBJECT_0);
        port = create_port({}, waitable());
    }
}

// ---- Procedures queued to a waiting thread ----

void CALLBACK count_call(ULONG_PTR counter) {
    ++*reinterpret_cast<std::atomic<int>*>(counter);
}

void queue_to(HANDLE thread, std::atomic<int>& counter) {
    ASSERT_TRUE(QueueUserAPC(count_call, thread, reinterpret_cast<ULONG_PTR>(&counter)));
}

HANDLE own_thread() {
    HANDLE thread = nullptr;
    DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &thread, 0, FALSE,
                    DUPLICATE_SAME_ACCESS);
    return thread;
}

constexpr ULONG alertable = ALPC_MSGFLG_WAIT_ALERTABLE;

ALPC_TEST(AlertableWaits, QueuedProcedureEndsAWaitOnAPort, "M45", "GAR, wait rules", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_waitable_connection(connection));
    std::atomic<int> calls = 0;
    queue_to(GetCurrentThread(), calls);
    EXPECT_EQ(WaitForSingleObjectEx(connection.listener.get(), long_time, TRUE), DWORD{WAIT_IO_COMPLETION});
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(WaitForSingleObjectEx(connection.listener.get(), short_time, TRUE), DWORD{WAIT_TIMEOUT});
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.client, "one"));
    EXPECT_EQ(WaitForSingleObjectEx(connection.listener.get(), long_time, TRUE), WAIT_OBJECT_0);
}

ALPC_TEST(AlertableWaits, QueuedProcedureRunsEvenInAWaitWithoutTime, "M45", "wait rules", medium) {
    Port port = create_port(port_name(), waitable());
    std::atomic<int> calls = 0;
    queue_to(GetCurrentThread(), calls);
    EXPECT_EQ(WaitForSingleObjectEx(port.get(), 0, TRUE), DWORD{WAIT_IO_COMPLETION});
    EXPECT_EQ(calls, 1);
}

ALPC_TEST(AlertableWaits, QueuedProcedureEndsAReceive, "M45", "GAR, wait rules", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    std::atomic<int> calls = 0;
    queue_to(GetCurrentThread(), calls);
    Message<> message;
    EXPECT_STATUS(STATUS_USER_APC, receive(connection.listener, message, nullptr, long_wait, alertable));
    EXPECT_EQ(calls, 1);
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.client, "not lost"));
    EXPECT_STATUS(STATUS_SUCCESS, receive(connection.listener, message, nullptr, long_wait, alertable));
    EXPECT_EQ(message.data(), "not lost");
    EXPECT_STATUS(STATUS_TIMEOUT, receive(connection.listener, message, nullptr, short_wait, alertable));
}

void CALLBACK throw_number(ULONG_PTR number) {
    throw static_cast<int>(number);
}

// The frames of the call are in the way, and nobody may mind.
ALPC_TEST(AlertableWaits, ExceptionOfAProcedureReachesItsHandler, "M45", "inference", low) {
    Connection connection;
    make_connection(connection);
    ASSERT_TRUE(QueueUserAPC(throw_number, GetCurrentThread(), 7));
    int caught = 0;
    try {
        Message<> message;
        receive(connection.listener, message, nullptr, long_wait, alertable);
    } catch (int number) {
        caught = number;
    }
    EXPECT_EQ(caught, 7);
    // The receive is over, and takes nothing from the next one.
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.client, "after"));
    EXPECT_STATUS(STATUS_SUCCESS, receive_at_once(connection.listener));
}

ALPC_TEST(AlertableWaits, ReceiveThatIsNotAlertableRunsNoProcedure, "M45", "wait rules", medium) {
    Port port = create_port(port_name());
    std::atomic<int> calls = 0;
    queue_to(GetCurrentThread(), calls);
    Message<> message;
    EXPECT_STATUS(STATUS_TIMEOUT, receive(port, message, nullptr, short_wait));
    EXPECT_EQ(calls, 0);
    SleepEx(0, TRUE);
    EXPECT_EQ(calls, 1);
}

ALPC_TEST(AlertableWaits, BlockedReceiveIsEndedByAProcedure, "M45", "GAR, wait rules", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    std::promise<HANDLE> identity;
    Thread receiver([&] {
        identity.set_value(own_thread());
        Message<> message;
        return receive(connection.listener, message, nullptr, long_wait, alertable);
    });
    const HANDLE thread = identity.get_future().get();
    Message<> nothing;
    EXPECT_STATUS(STATUS_TIMEOUT, receive(connection.client, nothing, nullptr, short_wait));
    std::atomic<int> calls = 0;
    queue_to(thread, calls);
    EXPECT_STATUS(STATUS_USER_APC, receiver.join());
    EXPECT_EQ(calls, 1);
    CloseHandle(thread);
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.client, "not lost"));
    EXPECT_STATUS(STATUS_SUCCESS, receive_at_once(connection.listener));
}

ALPC_TEST(AlertableWaits, BlockedAlertableReceiveGetsItsMessage, "M45", "GAR, wait rules", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Thread receiver([&] {
        Message<> message;
        const NTSTATUS status = receive(connection.listener, message, nullptr, long_wait, alertable);
        return std::make_pair(status, message.data());
    });
    Message<> nothing;
    EXPECT_STATUS(STATUS_TIMEOUT, receive(connection.client, nothing, nullptr, short_wait));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection.client, "hello"));
    const auto [status, data] = receiver.join();
    EXPECT_STATUS(STATUS_SUCCESS, status);
    EXPECT_EQ(data, "hello");
}

// What a procedure does in the middle of a receive: a whole conversation of its own.
struct Conversation {
    const Connection* connection;
    std::string received;
    NTSTATUS nested = STATUS_UNSUCCESSFUL;
};

void CALLBACK converse(ULONG_PTR argument) {
    auto& conversation = *reinterpret_cast<Conversation*>(argument);
    Message<> datagram("from the procedure"), message;
    send(conversation.connection->client, datagram.get(), release);
    conversation.nested = receive(conversation.connection->listener, message, nullptr, long_wait, alertable);
    conversation.received = message.data();
}

ALPC_TEST(AlertableWaits, ProcedureMayUseTheSameConnection, "M45", "wait rules", low) {
    Connection connection, other;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    const std::string name = port_name("-other");
    other.listener = create_port(name);
    Conversation conversation{&connection, {}, STATUS_UNSUCCESSFUL};
    ASSERT_TRUE(QueueUserAPC(converse, GetCurrentThread(), reinterpret_cast<ULONG_PTR>(&conversation)));
    Message<> message;
    EXPECT_STATUS(STATUS_USER_APC, receive(other.listener, message, nullptr, long_wait, alertable));
    EXPECT_STATUS(STATUS_SUCCESS, conversation.nested);
    EXPECT_EQ(conversation.received, "from the procedure");
}

ALPC_TEST(AlertableWaits, QueuedProcedureEndsAConnect, "M45", "Sandboxie", low) {
    const std::string name = port_name();
    Port listener = create_port(name);
    std::atomic<int> calls = 0;
    queue_to(GetCurrentThread(), calls);
    Port client;
    ConnectOptions options;
    options.flags = ALPC_MSGFLG_SYNC_REQUEST | alertable;
    Message<> message("let me in");
    SIZE_T length = message.size();
    EXPECT_STATUS(STATUS_USER_APC, connect(client, name, message.get(), &length, options));
    EXPECT_EQ(calls, 1);
}

ALPC_TEST(AlertableWaits, AlertableConnectSucceeds, "M45", "Sandboxie", low) {
    const std::string name = port_name();
    Port listener = create_port(name);
    Thread server([&] {
        Message<> request;
        Port end;
        EXPECT_STATUS(STATUS_SUCCESS, receive(listener, request));
        EXPECT_STATUS(STATUS_SUCCESS, accept(end, listener, request.get()));
        return receive(listener, request);
    });
    Port client;
    ConnectOptions options;
    options.flags = ALPC_MSGFLG_SYNC_REQUEST | alertable;
    Message<> message("let me in");
    SIZE_T length = message.size();
    EXPECT_STATUS(STATUS_SUCCESS, connect(client, name, message.get(), &length, options));
    EXPECT_EQ(message.data(), "let me in");
    send_datagram(client, "done");
    EXPECT_STATUS(STATUS_SUCCESS, server.join());
}

#endif

}  // namespace
}  // namespace ntalpc::conformance
