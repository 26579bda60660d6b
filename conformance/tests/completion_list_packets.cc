// SPDX-License-Identifier: LGPL-2.1-or-later
// Completion ports that tell of messages in a completion list, and those that a program makes by NT calls.
#include "conformance/harness/completion_list.h"
#include "conformance/harness/completion_port.h"

#ifdef _WIN32

extern "C" {
NTSTATUS NTAPI NtCreateIoCompletion(HANDLE* completion_port, ACCESS_MASK access,
                                    OBJECT_ATTRIBUTES* attributes, ULONG threads);
NTSTATUS NTAPI NtRemoveIoCompletion(HANDLE completion_port, ULONG_PTR* key, ULONG_PTR* context,
                                    IO_STATUS_BLOCK* result, LARGE_INTEGER* timeout);
}

namespace ntalpc::conformance {
namespace {

constexpr ULONG_PTR key = 0x1234;

void send_datagram(const Port& port) {
    Message<> message("datagram");
    EXPECT_STATUS(STATUS_SUCCESS, send(port, message.get(), ULONG{ALPC_MSGFLG_RELEASE_MESSAGE}));
}

// A connection whose server has a completion list and hears of it at a completion port.
struct ListAndPackets {
    Connection connection;
    CompletionPort completion_port;
    CompletionList list;

    void start(ULONG concurrency) {
        ASSERT_NO_FATAL_FAILURE(make_connection(connection));
        ASSERT_STATUS(STATUS_SUCCESS, list.attach(connection.listener, 0, concurrency));
        ASSERT_STATUS(STATUS_SUCCESS, associate(connection.listener, completion_port.get(), key));
    }
};

ALPC_TEST(CompletionPorts, AMessageInTheCompletionListIsOnePacket, "15.4", "INF", medium) {
    ListAndPackets server;
    ASSERT_NO_FATAL_FAILURE(server.start(1));
    for (int i = 0; i < 3; ++i) send_datagram(server.connection.client);
    for (int i = 0; i < 3; ++i) {
        const Packet packet = server.completion_port.next();
        ASSERT_TRUE(packet.arrived);
        EXPECT_EQ(packet.key, key);
        EXPECT_NE(server.list.take(), nullptr);
    }
    EXPECT_TRUE(server.completion_port.stays_empty());
}

// Those who are at work see what comes before they may leave.
ALPC_TEST(CompletionPorts, NoPacketComesWhileEnoughThreadsAreAtWork, "15.4, I09", "INF", low) {
    ListAndPackets server;
    ASSERT_NO_FATAL_FAILURE(server.start(1));
    ASSERT_TRUE(server.list.join());
    send_datagram(server.connection.client);
    EXPECT_TRUE(server.completion_port.stays_empty());
    EXPECT_FALSE(server.list.leave());
    EXPECT_NE(server.list.take(), nullptr);
    EXPECT_TRUE(server.list.leave());
    send_datagram(server.connection.client);
    EXPECT_TRUE(server.completion_port.next().arrived);
    EXPECT_NE(server.list.take(), nullptr);
}

ALPC_TEST(CompletionPorts, WhatDoesNotFitIntoTheListIsAPacketToo, "15.4", "INF", medium) {
    ListAndPackets server;
    ASSERT_NO_FATAL_FAILURE(server.start(1));
    // The list must be full: each message takes a piece of it until it is freed.
    constexpr int more_than_fits = 1000;
    for (int i = 0; i < more_than_fits; ++i) send_datagram(server.connection.client);
    int listed = 0, received = 0;
    while (listed + received < more_than_fits) {
        ASSERT_TRUE(server.completion_port.next().arrived) << listed << " " << received;
        if (server.list.take()) {
            ++listed;
            continue;
        }
        Message<> message;
        ASSERT_STATUS(STATUS_SUCCESS, receive(server.connection.listener, message, nullptr, at_once));
        ++received;
    }
    EXPECT_GT(listed, 0);
    EXPECT_GT(received, 0);
    EXPECT_TRUE(server.completion_port.stays_empty());
}

ALPC_TEST(CompletionPorts, OneMadeByAnNtCallServes, "I01, 14", "inferred", medium) {
    constexpr ACCESS_MASK modify = 2, all = 0x1F0003;
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Port completion_port;
    ASSERT_STATUS(STATUS_SUCCESS, NtCreateIoCompletion(completion_port.put(), all, nullptr, 0));
    HANDLE modifying = nullptr;
    ASSERT_TRUE(DuplicateHandle(GetCurrentProcess(), completion_port.get(), GetCurrentProcess(), &modifying,
                                modify, FALSE, 0));
    const Port for_packets(modifying);
    ASSERT_STATUS(STATUS_SUCCESS, associate(connection.listener, for_packets.get(), key));
    send_datagram(connection.client);
    ULONG_PTR packet_key = 0, context = 1;
    IO_STATUS_BLOCK result;
    LARGE_INTEGER limit = relative(long_wait);
    ASSERT_STATUS(STATUS_SUCCESS,
                  NtRemoveIoCompletion(completion_port.get(), &packet_key, &context, &result, &limit));
    EXPECT_EQ(packet_key, key);
    EXPECT_EQ(context, ULONG_PTR{0});
    EXPECT_EQ(result.Status, STATUS_SUCCESS);
    EXPECT_EQ(result.Information, ULONG_PTR{0});
}

}  // namespace
}  // namespace ntalpc::conformance

#endif
