// SPDX-License-Identifier: LGPL-2.1-or-later
// Ports associated with I/O completion ports.
#include "conformance/harness/completion_port.h"

#include <array>
#include <atomic>
#include <vector>

#include "conformance/harness/thread.h"

namespace ntalpc::conformance {
namespace {

// ---- What does not need a completion port, and holds natively too ----

ALPC_TEST(Association, NeedsACompletionPort, "I04", "inferred", medium) {
    Port port = create_port(port_name());
    EXPECT_STATUS(STATUS_INVALID_HANDLE, associate(port, nullptr, 1));
    EXPECT_STATUS(STATUS_INVALID_HANDLE, associate(port, reinterpret_cast<HANDLE>(ULONG_PTR{0x7ffffff0}), 1));
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, associate(port, port.get(), 1));
}

ALPC_TEST(Association, ChecksLengthAndMemory, "I04", "inferred", low) {
    Port port = create_port(port_name());
    ALPC_PORT_ASSOCIATE_COMPLETION_PORT wanted{};
    const auto set = [&](PVOID information, ULONG length) {
        return api().NtAlpcSetInformation(port.get(), AlpcAssociateCompletionPortInformation, information,
                                          length);
    };
    EXPECT_STATUS(STATUS_INFO_LENGTH_MISMATCH, set(&wanted, sizeof(wanted) - 1));
    EXPECT_STATUS(STATUS_INFO_LENGTH_MISMATCH, set(&wanted, sizeof(wanted) + 1));
    EXPECT_STATUS(STATUS_INFO_LENGTH_MISMATCH, set(nullptr, 0));
    EXPECT_STATUS(STATUS_ACCESS_VIOLATION, set(nullptr, sizeof(wanted)));
}

#ifdef _WIN32

constexpr ULONG_PTR key = 0x1234;
constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;

void send_datagram(const Port& port, std::string_view data) {
    Message<> message(data);
    EXPECT_STATUS(STATUS_SUCCESS, send(port, message.get(), release));
}

void expect_packet(const CompletionPort& completion_port, ULONG_PTR expected_key = key) {
    const Packet packet = completion_port.next();
    EXPECT_TRUE(packet.arrived) << "error " << packet.error;
    EXPECT_EQ(packet.key, expected_key);
}

// The message that a packet announces is there.
unsigned kind_received(const Port& port) {
    Message<> message;
    const NTSTATUS status = receive(port, message, nullptr, at_once);
    EXPECT_STATUS(STATUS_SUCCESS, status);
    return message.kind();
}

struct Associated {
    Connection connection;
    CompletionPort completion_port;
};

void make_associated_listener(Associated& made) {
    ASSERT_NO_FATAL_FAILURE(make_connection(made.connection));
    ASSERT_STATUS(STATUS_SUCCESS, associate(made.connection.listener, made.completion_port.get(), key));
}

ALPC_TEST(CompletionPorts, AConnectionRequestIsOnePacket, "I01, I02", "OVMM test_iocp", high) {
    const std::string name = port_name();
    Port listener = create_port(name);
    CompletionPort completion_port;
    ASSERT_STATUS(STATUS_SUCCESS, associate(listener, completion_port.get(), key));
    EXPECT_TRUE(completion_port.stays_empty());
    Port client;
    ASSERT_STATUS(STATUS_SUCCESS, connect(client, name));
    ASSERT_NO_FATAL_FAILURE(expect_packet(completion_port));
    EXPECT_TRUE(completion_port.stays_empty());
    EXPECT_EQ(kind_received(listener), unsigned{LPC_CONNECTION_REQUEST});
}

// What the other values of the packet are is not documented.
ALPC_TEST(CompletionPorts, ThePacketHasTheKeyAndNothingElse, "14", "inferred", low) {
    Associated pair;
    ASSERT_NO_FATAL_FAILURE(make_associated_listener(pair));
    send_datagram(pair.connection.client, "one");
    const Packet packet = pair.completion_port.next();
    EXPECT_TRUE(packet.arrived);
    EXPECT_EQ(packet.key, key);
    EXPECT_EQ(packet.bytes, DWORD{0});
    EXPECT_EQ(packet.overlapped, nullptr);
}

ALPC_TEST(CompletionPorts, SecondAssociationIsRefused, "I03", "ERREF", high) {
    Associated pair;
    ASSERT_NO_FATAL_FAILURE(make_associated_listener(pair));
    CompletionPort other;
    EXPECT_STATUS(STATUS_PORT_ALREADY_SET, associate(pair.connection.listener, other.get(), 2));
    EXPECT_STATUS(STATUS_PORT_ALREADY_SET,
                  associate(pair.connection.listener, pair.completion_port.get(), key));
    send_datagram(pair.connection.client, "one");
    ASSERT_NO_FATAL_FAILURE(expect_packet(pair.completion_port));
    EXPECT_TRUE(other.stays_empty());
}

ALPC_TEST(CompletionPorts, ARefusedHandleLeavesThePortFree, "I04", "inferred", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    EXPECT_STATUS(STATUS_OBJECT_TYPE_MISMATCH, associate(connection.listener, connection.client.get(), key));
    CompletionPort completion_port;
    EXPECT_STATUS(STATUS_SUCCESS, associate(connection.listener, completion_port.get(), key));
}

ALPC_TEST(CompletionPorts, EachMessageIsOnePacket, "I01", "OVMM test_iocp", high) {
    Associated pair;
    ASSERT_NO_FATAL_FAILURE(make_associated_listener(pair));
    constexpr int count = 20;
    for (int i = 0; i < count; ++i) send_datagram(pair.connection.client, "one of many");
    for (int i = 0; i < count; ++i) {
        ASSERT_NO_FATAL_FAILURE(expect_packet(pair.completion_port));
        EXPECT_EQ(kind_received(pair.connection.listener), unsigned{LPC_DATAGRAM});
    }
    EXPECT_TRUE(pair.completion_port.stays_empty());
}

ALPC_TEST(CompletionPorts, MessagesThatWereThereBeforeAreAnnounced, "14", "unknown", low) {
    Associated pair;
    ASSERT_NO_FATAL_FAILURE(make_connection(pair.connection));
    send_datagram(pair.connection.client, "one");
    send_datagram(pair.connection.client, "two");
    ASSERT_STATUS(STATUS_SUCCESS, associate(pair.connection.listener, pair.completion_port.get(), key));
    ASSERT_NO_FATAL_FAILURE(expect_packet(pair.completion_port));
    ASSERT_NO_FATAL_FAILURE(expect_packet(pair.completion_port));
    EXPECT_TRUE(pair.completion_port.stays_empty());
}

ALPC_TEST(CompletionPorts, RequestAndReplyAreAnnouncedToTheirReceivers, "14", "OVMM", medium) {
    Associated pair;
    ASSERT_NO_FATAL_FAILURE(make_associated_listener(pair));
    constexpr ULONG_PTR client_key = 0x77;
    ASSERT_STATUS(STATUS_SUCCESS, associate(pair.connection.client, pair.completion_port.get(), client_key));
    Message<> question("question");
    ASSERT_STATUS(STATUS_SUCCESS, send(pair.connection.client, question.get(), 0));
    ASSERT_NO_FATAL_FAILURE(expect_packet(pair.completion_port));
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(pair.connection.listener, request, nullptr, at_once));
    EXPECT_EQ(request.kind(), unsigned{LPC_REQUEST});
    Message<> answer = Message<>::answer(request, "answer");
    ASSERT_STATUS(STATUS_SUCCESS, send(pair.connection.listener, answer.get(), release));
    ASSERT_NO_FATAL_FAILURE(expect_packet(pair.completion_port, client_key));
    EXPECT_EQ(kind_received(pair.connection.client), unsigned{LPC_REPLY});
    EXPECT_TRUE(pair.completion_port.stays_empty());
}

// A thread that waits for this very reply gets it; there is nothing for anybody else to receive.
ALPC_TEST(CompletionPorts, TheAnswerOfASynchronousRequestIsNoPacket, "14", "inferred", low) {
    Associated pair;
    ASSERT_NO_FATAL_FAILURE(make_connection(pair.connection));
    ASSERT_STATUS(STATUS_SUCCESS, associate(pair.connection.client, pair.completion_port.get(), key));
    Thread asker([&] {
        Message<> question("question"), answer;
        SIZE_T length = answer.size();
        LARGE_INTEGER limit = relative(long_wait);
        return api().NtAlpcSendWaitReceivePort(pair.connection.client.get(), ULONG{ALPC_MSGFLG_SYNC_REQUEST},
                                               question.get(), PALPC_MESSAGE_ATTRIBUTES{}, answer.get(),
                                               &length, PALPC_MESSAGE_ATTRIBUTES{}, &limit);
    });
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(pair.connection.listener, request));
    Message<> answer = Message<>::answer(request, "answer");
    ASSERT_STATUS(STATUS_SUCCESS, send(pair.connection.listener, answer.get(), release));
    EXPECT_STATUS(STATUS_SUCCESS, asker.join());
    EXPECT_TRUE(pair.completion_port.stays_empty());
}

ALPC_TEST(CompletionPorts, ClosingTheClientAnnouncesTheNotices, "14", "inferred", medium) {
    Associated pair;
    ASSERT_NO_FATAL_FAILURE(make_associated_listener(pair));
    Message<> question("question");
    ASSERT_STATUS(STATUS_SUCCESS, send(pair.connection.client, question.get(), 0));
    ASSERT_NO_FATAL_FAILURE(expect_packet(pair.completion_port));
    EXPECT_EQ(kind_received(pair.connection.listener), unsigned{LPC_REQUEST});
    ASSERT_STATUS(STATUS_SUCCESS, pair.connection.client.close());
    ASSERT_NO_FATAL_FAILURE(expect_packet(pair.completion_port));
    EXPECT_EQ(kind_received(pair.connection.listener), unsigned{LPC_CANCEL_MESSAGE});
    ASSERT_NO_FATAL_FAILURE(expect_packet(pair.completion_port));
    EXPECT_EQ(kind_received(pair.connection.listener), unsigned{LPC_PORT_CLOSED});
}

ALPC_TEST(CompletionPorts, ClosingTheServerIsAnnounced, "14", "inferred", low) {
    Associated pair;
    ASSERT_NO_FATAL_FAILURE(make_connection(pair.connection));
    ASSERT_STATUS(STATUS_SUCCESS, associate(pair.connection.client, pair.completion_port.get(), key));
    ASSERT_STATUS(STATUS_SUCCESS, pair.connection.server.close());
    ASSERT_NO_FATAL_FAILURE(expect_packet(pair.completion_port));
    Message<> message;
    EXPECT_FAILURE(receive(pair.connection.client, message, nullptr, at_once));
}

ALPC_TEST(CompletionPorts, RefusalIsAnnounced, "14", "inferred", low) {
    const std::string name = port_name();
    Port listener = create_port(name), client;
    CompletionPort completion_port;
    ASSERT_STATUS(STATUS_SUCCESS, connect(client, name));
    ASSERT_STATUS(STATUS_SUCCESS, associate(client, completion_port.get(), key));
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    ASSERT_STATUS(STATUS_SUCCESS, refuse(listener, request.get()));
    ASSERT_NO_FATAL_FAILURE(expect_packet(completion_port));
    Message<> message;
    EXPECT_STATUS(STATUS_PORT_CONNECTION_REFUSED, receive(client, message, nullptr, at_once));
}

ALPC_TEST(CompletionPorts, PortsShareACompletionPort, "14", "inferred", medium) {
    Associated first;
    ASSERT_NO_FATAL_FAILURE(make_associated_listener(first));
    Port other = create_port(port_name("-other"));
    constexpr ULONG_PTR other_key = 0x9999;
    ASSERT_STATUS(STATUS_SUCCESS, associate(other, first.completion_port.get(), other_key));
    Port client;
    ASSERT_STATUS(STATUS_SUCCESS, connect(client, port_name("-other")));
    ASSERT_NO_FATAL_FAILURE(expect_packet(first.completion_port, other_key));
    send_datagram(first.connection.client, "one");
    ASSERT_NO_FATAL_FAILURE(expect_packet(first.completion_port, key));
}

ALPC_TEST(CompletionPorts, ThePortsOwnPacketsArriveTooAndInOrder, "14", "inferred", medium) {
    Associated pair;
    ASSERT_NO_FATAL_FAILURE(make_associated_listener(pair));
    ASSERT_TRUE(PostQueuedCompletionStatus(pair.completion_port.get(), 5, 6, nullptr));
    const Packet own = pair.completion_port.next();
    EXPECT_EQ(own.key, ULONG_PTR{6});
    EXPECT_EQ(own.bytes, DWORD{5});
    send_datagram(pair.connection.client, "one");
    ASSERT_NO_FATAL_FAILURE(expect_packet(pair.completion_port));
}

ALPC_TEST(CompletionPorts, NoPacketsComeFromAClosedPort, "14", "inferred", medium) {
    Associated pair;
    ASSERT_NO_FATAL_FAILURE(make_associated_listener(pair));
    ASSERT_STATUS(STATUS_SUCCESS, pair.connection.listener.close());
    EXPECT_TRUE(pair.completion_port.stays_empty());
}

// The association refers to the object, not to the handle.
ALPC_TEST(CompletionPorts, ADuplicateOfTheHandleServes, "14", "inferred", medium) {
    Associated pair;
    ASSERT_NO_FATAL_FAILURE(make_associated_listener(pair));
    HANDLE duplicate = nullptr;
    ASSERT_TRUE(DuplicateHandle(GetCurrentProcess(), pair.completion_port.get(), GetCurrentProcess(),
                                &duplicate, 0, FALSE, DUPLICATE_SAME_ACCESS));
    pair.completion_port.close();
    send_datagram(pair.connection.client, "one");
    DWORD bytes = 0;
    ULONG_PTR received_key = 0;
    OVERLAPPED* overlapped = nullptr;
    EXPECT_TRUE(GetQueuedCompletionStatus(duplicate, &bytes, &received_key, &overlapped,
                                          static_cast<DWORD>(long_wait.count())));
    EXPECT_EQ(received_key, key);
    CloseHandle(duplicate);
}

ALPC_TEST(CompletionPorts, AClosedCompletionPortStaysAssociated, "I03", "inferred", low) {
    Associated pair;
    ASSERT_NO_FATAL_FAILURE(make_associated_listener(pair));
    pair.completion_port.close();
    send_datagram(pair.connection.client, "one");
    CompletionPort other;
    EXPECT_STATUS(STATUS_PORT_ALREADY_SET, associate(pair.connection.listener, other.get(), 2));
    EXPECT_EQ(kind_received(pair.connection.listener), unsigned{LPC_DATAGRAM});
    EXPECT_TRUE(other.stays_empty()) << "it may have the handle value of the closed one";
}

// How the wait of a thread ends when the completion port is closed meanwhile.
DWORD error_when_closed(CompletionPort& completion_port) {
    HANDLE started = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    Thread waiter([&] {
        SetEvent(started);
        return completion_port.next(std::chrono::milliseconds(500)).error;
    });
    WaitForSingleObject(started, INFINITE);
    EXPECT_FALSE(waiter.done(short_wait));
    completion_port.close();
    CloseHandle(started);
    return waiter.join();
}

// Windows ends such waits, some versions of Wine do not; an association makes no difference.
ALPC_TEST(CompletionPorts, AnAssociationDoesNotKeepACompletionPortOpen, "14", "inferred", medium) {
    Associated pair;
    ASSERT_NO_FATAL_FAILURE(make_associated_listener(pair));
    CompletionPort ordinary;
    EXPECT_EQ(error_when_closed(pair.completion_port), error_when_closed(ordinary));
}

ALPC_TEST(CompletionPorts, SeveralThreadsShareTheWork, "14", "inferred", medium) {
    Associated pair;
    ASSERT_NO_FATAL_FAILURE(make_associated_listener(pair));
    constexpr int messages = 400, workers = 4;
    constexpr ULONG_PTR stop = 1;
    const auto work = [&] {
        const Unrecorded unrecorded;
        int taken = 0;
        for (;;) {
            const Packet packet = pair.completion_port.next();
            if (!packet.arrived || packet.key == stop) return taken;
            if (kind_received(pair.connection.listener) == unsigned{LPC_DATAGRAM}) ++taken;
        }
    };
    using Worker = Thread<decltype(work)>;
    std::vector<std::unique_ptr<Worker>> all;
    for (int i = 0; i < workers; ++i) all.push_back(std::make_unique<Worker>(work));
    for (int i = 0; i < messages; ++i) send_datagram(pair.connection.client, "work");
    // These may overtake the packets of the last messages, which are then still to be taken.
    int taken = 0;
    for (int i = 0; i < workers; ++i) {
        ASSERT_TRUE(PostQueuedCompletionStatus(pair.completion_port.get(), 0, stop, nullptr));
    }
    for (auto& worker : all) taken += worker->join();
    const Unrecorded unrecorded;
    while (pair.completion_port.next(short_wait).arrived) {
        if (kind_received(pair.connection.listener) == unsigned{LPC_DATAGRAM}) ++taken;
    }
    EXPECT_EQ(taken, messages);
}

ALPC_TEST(CompletionPorts, PacketsCanBeTakenInBatches, "14", "inferred", medium) {
    Associated pair;
    ASSERT_NO_FATAL_FAILURE(make_associated_listener(pair));
    constexpr ULONG count = 10;
    for (ULONG i = 0; i < count; ++i) send_datagram(pair.connection.client, "one of many");
    std::array<OVERLAPPED_ENTRY, 4> entries;
    ULONG taken = 0;
    while (taken < count) {
        ULONG got = 0;
        ASSERT_TRUE(GetQueuedCompletionStatusEx(pair.completion_port.get(), entries.data(),
                                                static_cast<ULONG>(entries.size()), &got,
                                                static_cast<DWORD>(long_wait.count()), FALSE));
        for (ULONG i = 0; i < got; ++i) {
            EXPECT_EQ(entries[i].lpCompletionKey, key);
            EXPECT_EQ(kind_received(pair.connection.listener), unsigned{LPC_DATAGRAM});
        }
        taken += got;
    }
    EXPECT_TRUE(pair.completion_port.stays_empty());
}

#endif

}  // namespace
}  // namespace ntalpc::conformance
