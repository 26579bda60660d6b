// SPDX-License-Identifier: LGPL-2.1-or-later
// Completion lists: full ones, the threads that serve them, and their end.
#include <algorithm>
#include <atomic>
#include <set>

#include "conformance/harness/completion_list.h"
#include "conformance/harness/thread.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;

void send_datagram(const Connection& connection, std::string_view data) {
    Message<0x2000> message(data);
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release));
}

void make_large_connection(Connection& connection) {
    PairOptions options;
    options.listener = options.client = port_attributes(0, 0x4000);
    make_connection(connection, options);
}

// ---- Full lists ----

ALPC_TEST(CompletionLists, WhatIsTooLargeIsReceivedAsEver, "15.4", "INF", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_large_connection(connection));
    CompletionList list(0x1000);
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    const std::string large(0x1800, 'l');
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, large));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "small"));
    Message<0x2000> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.data(), large);
    PORT_MESSAGE* const message = list.wait(connection.listener);
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(data_of(message), "small");
}

ALPC_TEST(CompletionLists, WhatFindsNoRoomIsReceivedAsEver, "15.4", "INF", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list(0x1000);
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    constexpr int count = 10;
    for (int i = 0; i < count; ++i)
        ASSERT_NO_FATAL_FAILURE(send_datagram(connection, std::string(900, static_cast<char>('0' + i))));
    // Whoever keeps the messages of the list gets the others by receiving: all, and in order.
    const Unrecorded unrecorded;
    std::vector<PORT_MESSAGE*> kept;
    for (int i = 0; i < count; ++i) {
        PORT_MESSAGE* message = list.take();
        Message<> received;
        for (NTSTATUS status = STATUS_SUCCESS; !message; message = list.take()) {
            status = receive(connection.listener, received);
            if (status == STATUS_SUCCESS) break;
            ASSERT_STATUS(STATUS_ALPC_CHECK_COMPLETION_LIST, status);
        }
        if (message) kept.push_back(message);
        EXPECT_EQ(message ? data_of(message) : received.data(), std::string(900, static_cast<char>('0' + i)));
    }
    EXPECT_GT(kept.size(), 0u);
    EXPECT_LT(kept.size(), 5u);
    EXPECT_EQ(list.outstanding(), kept.size());
}

ALPC_TEST(CompletionLists, RoomThatIsFreedIsUsedAgain, "15.4", "INF", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list(0x1000);
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    constexpr int count = 200;
    for (int i = 0; i < count; ++i)
        ASSERT_NO_FATAL_FAILURE(send_datagram(connection, std::string(900, static_cast<char>(i))));
    // Messages are only taken from the list, never received: it fills up and is emptied all the time.
    const Unrecorded unrecorded;
    const auto give_up = std::chrono::steady_clock::now() + step_limit;
    for (int i = 0; i < count; ++i) {
        PORT_MESSAGE* message;
        while (!(message = list.take()) && std::chrono::steady_clock::now() < give_up)
            std::this_thread::yield();
        ASSERT_NE(message, nullptr) << "message " << i;
        EXPECT_EQ(data_of(message), std::string(900, static_cast<char>(i)));
        list.free(message);
    }
}

// ---- Threads ----

ALPC_TEST(CompletionLists, AWorkerStaysWhileThereAreMessages, "I09", "ROST", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    ASSERT_TRUE(list.join());
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "abc"));
    Message<> unused;
    ASSERT_STATUS(STATUS_ALPC_CHECK_COMPLETION_LIST, receive(connection.listener, unused, nullptr, at_once));
    EXPECT_FALSE(list.leave());
    list.free(list.take());
    EXPECT_TRUE(list.leave());
}

ALPC_TEST(CompletionLists, AWorkerLeavesOnce, "I10", "ROST", low) {
    const Port port = create_port(port_name());
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(port));
    EXPECT_TRUE(list.join());
    EXPECT_EQ(list.header()->State.u1.s1.ActiveThreadCount, 1u);
    EXPECT_TRUE(list.leave());
    EXPECT_FALSE(list.leave());
}

ALPC_TEST(CompletionLists, ThereAreOnlySoManyWorkers, "15.3", "ROST", low) {
    const Port port = create_port(port_name());
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(port));
    for (int i = 0; i < 0xFFFF; ++i) ASSERT_TRUE(list.join());
    EXPECT_FALSE(list.join());
    EXPECT_TRUE(list.leave());
    EXPECT_TRUE(list.join());
}

ALPC_TEST(CompletionLists, AThreadThatWaitsIsToldToLook, "15.4", "ERREF, INF", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    Thread waiting([&] {
        Message<> unused;
        return receive(connection.listener, unused);
    });
    EXPECT_FALSE(waiting.done(short_wait));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "abc"));
    EXPECT_STATUS(STATUS_ALPC_CHECK_COMPLETION_LIST, waiting.join());
    EXPECT_NE(list.take(), nullptr);
}

ALPC_TEST(CompletionLists, ManyThreadsTakeEveryMessageOnce, "15.3", "INF", medium) {
    constexpr ULONG count = 4'000;
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener, 0, 4));
    std::atomic<ULONG> left{count};
    std::vector<std::atomic<int>> seen(count);
    const auto serve = [&] {
        const Unrecorded unrecorded;
        while (left != 0) {
            list.join();
            do {
                while (PORT_MESSAGE* const message = list.take()) {
                    ULONG number = 0;
                    std::memcpy(&number, message + 1, sizeof(number));
                    ++seen[number % count];
                    list.free(message);
                    --left;
                }
            } while (!list.leave());
            Message<> unused;
            if (left != 0) receive(connection.listener, unused, nullptr, short_wait);
        }
    };
    Thread first(serve), second(serve), third(serve);
    for (ULONG i = 0; i < count; ++i)
        ASSERT_NO_FATAL_FAILURE(
            send_datagram(connection, std::string_view(reinterpret_cast<const char*>(&i), sizeof(i))));
    first.join();
    second.join();
    third.join();
    EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](const auto& times) { return times == 1; }));
    EXPECT_EQ(list.outstanding(), 0u);
}

ALPC_TEST(CompletionLists, NoMoreThreadsAreWokenThanMayWork, "15.4", "INF from the names", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener, 0, 1));
    ASSERT_TRUE(list.join());
    Thread waiting([&] {
        Message<> unused;
        return receive(connection.listener, unused);
    });
    EXPECT_FALSE(waiting.done(short_wait));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "for the thread at work"));
    EXPECT_FALSE(waiting.done(short_wait));
    ASSERT_STATUS(STATUS_SUCCESS,
                  api().AlpcAdjustCompletionListConcurrencyCount(connection.listener.get(), ULONG{2}));
    EXPECT_STATUS(STATUS_ALPC_CHECK_COMPLETION_LIST, waiting.join());
}

ALPC_TEST(CompletionLists, AWaitablePortIsSignalledWhileThereAreMessages, "17", "INF", low) {
    Connection connection;
    PairOptions options;
    options.listener = port_attributes(ALPC_PORFLG_WAITABLE_PORT);
    ASSERT_NO_FATAL_FAILURE(make_connection(connection, options));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    LARGE_INTEGER no_time = relative(at_once), time = relative(long_wait);
    const HANDLE port = connection.listener.get();
    EXPECT_STATUS(STATUS_TIMEOUT, NtWaitForSingleObject(port, FALSE, &no_time));
    for (int i = 0; i < 3; ++i) {
        ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "one"));
        ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "two"));
        for (int taken = 0; taken < 2; ++taken) {
            ASSERT_STATUS(STATUS_SUCCESS, NtWaitForSingleObject(port, FALSE, &time));
            PORT_MESSAGE* const message = list.wait(connection.listener);
            ASSERT_NE(message, nullptr);
            list.free(message);
        }
        EXPECT_STATUS(STATUS_TIMEOUT, NtWaitForSingleObject(port, FALSE, &no_time));
    }
}

// ---- The end ----

ALPC_TEST(CompletionLists, AfterTheListMessagesAreReceivedAsEver, "15.1", "INF", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    ASSERT_STATUS(STATUS_SUCCESS, list.detach());
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "abc"));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.data(), "abc");
    EXPECT_EQ(list.take(), nullptr);
}

ALPC_TEST(CompletionLists, MessagesAreGoodAfterTheList, "15.1", "INF", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "taken"));
    PORT_MESSAGE* const taken = list.wait(connection.listener);
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "left"));
    Message<> unused;
    ASSERT_STATUS(STATUS_ALPC_CHECK_COMPLETION_LIST, receive(connection.listener, unused, nullptr, at_once));
    ASSERT_STATUS(STATUS_SUCCESS, list.detach());
    ASSERT_NE(taken, nullptr);
    EXPECT_EQ(data_of(taken), "taken");
    list.free(taken);
    PORT_MESSAGE* const left = list.take();
    ASSERT_NE(left, nullptr);
    EXPECT_EQ(data_of(left), "left");
}

ALPC_TEST(CompletionLists, AListMayBeRegisteredAgainAndAgain, "15.1", "INF", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    for (int i = 0; i < 50; ++i) {
        ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
        ASSERT_NO_FATAL_FAILURE(send_datagram(connection, std::to_string(i)));
        PORT_MESSAGE* const message = list.wait(connection.listener);
        ASSERT_NE(message, nullptr);
        EXPECT_EQ(data_of(message), std::to_string(i));
        ASSERT_STATUS(STATUS_SUCCESS, list.detach());
    }
}

ALPC_TEST(CompletionLists, ARunDownListGetsNoMore, "15.1", "INF", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
    ASSERT_STATUS(STATUS_SUCCESS, api().AlpcRundownCompletionList(connection.listener.get()));
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "abc"));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.data(), "abc");
    EXPECT_EQ(list.take(), nullptr);
    EXPECT_EQ(list.outstanding(), 0u);
}

ALPC_TEST(CompletionLists, APortIsClosedWithItsList, "15.1", "INF", medium) {
    CompletionList list;
    const std::string name = port_name();
    for (int i = 0; i < 20; ++i) {
        Port port = create_port(name);
        ASSERT_STATUS(STATUS_SUCCESS, list.attach(port));
        Port client;
        ASSERT_STATUS(STATUS_SUCCESS, connect(client, name));
        ASSERT_STATUS(STATUS_SUCCESS, port.close());
        list.forget_port();
    }
}

ALPC_TEST(CompletionLists, AReceiveEndsWithThePort, "15.4", "INF", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.client));
    Thread waiting([&] {
        Message<> unused;
        return receive(connection.client, unused);
    });
    EXPECT_FALSE(waiting.done(short_wait));
    connection.server.close();
    connection.listener.close();
    EXPECT_STATUS(STATUS_PORT_DISCONNECTED, waiting.join());
}

ALPC_TEST(CompletionLists, AListThatIsScribbledOverHarmsNobodyElse, "15.2", "INF", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    CompletionList list;
    for (const int value : {0xFF, 0x00, 0x5A}) {
        ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener));
        std::memset(list.get(), value, list.size());
        for (int i = 0; i < 20; ++i) ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "abc"));
        ASSERT_STATUS(STATUS_SUCCESS, list.detach());
    }
    // The port works as before.
    Message<> received;
    while (receive(connection.listener, received, nullptr, at_once) == STATUS_SUCCESS) {
    }
    ASSERT_NO_FATAL_FAILURE(send_datagram(connection, "after all"));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.data(), "after all");
}

}  // namespace
}  // namespace ntalpc::conformance
