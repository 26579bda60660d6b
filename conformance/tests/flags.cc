// SPDX-License-Identifier: LGPL-2.1-or-later
// Flags and information classes one by one: those that change nothing a program can see, those that are
// refused, and port references.
#include "conformance/harness/ports.h"
#include "conformance/harness/thread.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;

// ---- Messages ----

constexpr ULONG kHarmless[] = {ALPC_MSGFLG_REPLY_MESSAGE,         ALPC_MSGFLG_LPC_MODE,
                               ALPC_MSGFLG_TRACK_PORT_REFERENCES, ALPC_MSGFLG_WAIT_USER_MODE,
                               ALPC_MSGFLG_WAIT_ALERTABLE,        ALPC_MSGFLG_SIGNAL_ALERTABLE};

ALPC_TEST(Flags, KnownOnesThatChangeNothingVisible, "3.4", "PHNT, P0, CSK", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    for (const ULONG flag : kHarmless) {
        Message<> message("abc"), received;
        EXPECT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release | flag))
            << std::hex << flag;
        EXPECT_STATUS(STATUS_SUCCESS, receive(connection.listener, received, nullptr, at_once, flag))
            << std::hex << flag;
        EXPECT_EQ(received.type(), unsigned{LPC_DATAGRAM}) << std::hex << flag;
        EXPECT_EQ(received.data(), "abc") << std::hex << flag;
    }
}

ALPC_TEST(Flags, LowSixteenBitsAreIgnored, "2.4", "ROST", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("abc"), received;
    EXPECT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release | 0xFFFF));
    EXPECT_STATUS(STATUS_SUCCESS, receive(connection.listener, received, nullptr, at_once, 0xFFFF));
    EXPECT_EQ(received.type(), unsigned{LPC_DATAGRAM});
}

ALPC_TEST(Flags, UnknownHighBitsAreIgnored, "3.4", "inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    for (const ULONG flag :
         {0x80000u, 0x800000u, 0x2000000u, 0x4000000u, 0x8000000u, 0x10000000u, 0x20000000u}) {
        Message<> message("abc"), received;
        EXPECT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release | flag))
            << std::hex << flag;
        EXPECT_STATUS(STATUS_SUCCESS, receive(connection.listener, received, nullptr, at_once, flag))
            << std::hex << flag;
    }
}

ALPC_TEST(Flags, RejectedOneWithEveryCombination, "M30, 3.4", "PHNT", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    constexpr ULONG reject = ALPC_MSGFLG_INTERNAL_REJECT;
    Message<> message("abc"), answer;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, send(connection.client, message.get(), reject));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, send(connection.client, message.get(), reject | release));
    SIZE_T length = answer.size();
    EXPECT_STATUS(STATUS_INVALID_PARAMETER,
                  api().NtAlpcSendWaitReceivePort(connection.client.get(), reject | ALPC_MSGFLG_SYNC_REQUEST,
                                                  message.get(), PALPC_MESSAGE_ATTRIBUTES{}, answer.get(),
                                                  &length, PALPC_MESSAGE_ATTRIBUTES{}, PLARGE_INTEGER{}));
    EXPECT_STATUS(STATUS_TIMEOUT, receive(connection.listener, answer, nullptr, at_once));
}

// The kernel decides on the type; what a sender puts there is dropped (3.3).
ALPC_TEST(Flags, TypeBitsOfTheSenderAreDropped, "3.3, M49", "PHNT, P4W", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    for (const unsigned bits : {0x8000u, 0x2000u, unsigned{LPC_PORT_CLOSED}, unsigned{LPC_CANCEL_MESSAGE}}) {
        Message<> message("abc"), received;
        message.header().u2.s2.Type = static_cast<SHORT>(bits);
        ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release)) << std::hex << bits;
        ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received)) << std::hex << bits;
        EXPECT_EQ(received.type(), unsigned{LPC_DATAGRAM}) << std::hex << bits;
    }
}

ALPC_TEST(Flags, SenderCannotSpeakForAnother, "2.1, 3.3", "PHNT, P4W", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("abc"), received;
    message.header().ClientId.UniqueProcess = reinterpret_cast<HANDLE>(ULONG_PTR{4});
    message.header().ClientId.UniqueThread = reinterpret_cast<HANDLE>(ULONG_PTR{8});
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.header().ClientId.UniqueProcess, current_process_id());
    EXPECT_EQ(received.header().ClientId.UniqueThread, current_thread_id());
}

// ---- Connecting ----

ALPC_TEST(Flags, ConnectToleratesOthers, "3.5", "WineFork, SBX", medium) {
    const Port listener = create_port(port_name());
    for (const ULONG flag :
         {ULONG{0}, ULONG{0x80000}, ULONG{ALPC_MSGFLG_WAIT_USER_MODE}, ULONG{ALPC_MSGFLG_WAIT_ALERTABLE}}) {
        ConnectOptions options;
        options.flags = flag;
        Port client;
        EXPECT_STATUS(STATUS_SUCCESS, connect(client, port_name(), nullptr, nullptr, options))
            << std::hex << flag;
    }
}

// ---- Ports ----

ALPC_TEST(Flags, EveryPortFlagButOneIsAccepted, "3.1", "WineFork", medium) {
    for (ULONG bit = 1; bit != 0; bit <<= 1) {
        ALPC_PORT_ATTRIBUTES attributes = port_attributes(bit);
        Port port;
        const NTSTATUS expected =
            bit == ALPC_PORFLG_SYSTEM_PROCESS ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
        EXPECT_STATUS(expected, api().NtAlpcCreatePort(port.put(), POBJECT_ATTRIBUTES{}, &attributes))
            << std::hex << bit;
    }
}

ALPC_TEST(Flags, CreationFlagsAreReported, "3.1, 3.11", "WineFork", medium) {
    ALPC_PORT_ATTRIBUTES attributes = port_attributes(ALPC_PORFLG_ALLOW_LPC_REQUESTS);
    Port port;
    ASSERT_STATUS(STATUS_SUCCESS, api().NtAlpcCreatePort(port.put(), POBJECT_ATTRIBUTES{}, &attributes));
    ALPC_BASIC_INFORMATION basic{};
    ASSERT_STATUS(STATUS_SUCCESS, api().NtAlpcQueryInformation(port.get(), AlpcBasicInformation, &basic,
                                                               ULONG{sizeof(basic)}, PULONG{}));
    EXPECT_EQ(basic.Flags, ULONG{ALPC_PORFLG_ALLOW_LPC_REQUESTS});
    EXPECT_EQ(basic.SequenceNo, 0u);
    EXPECT_EQ(basic.PortContext, nullptr);
}

// ---- Information classes ----

ALPC_TEST(Flags, ClassesThatCanOnlyBeSetAreNotAnswered, "3.11", "phnt", low) {
    const Port port = create_port(port_name());
    for (const auto what :
         {AlpcPortInformation, AlpcAssociateCompletionPortInformation, AlpcMessageZoneInformation,
          AlpcRegisterCompletionListInformation, AlpcUnregisterCompletionListInformation,
          AlpcAdjustCompletionListConcurrencyCountInformation, AlpcRegisterCallbackInformation,
          AlpcCompletionListRundownInformation}) {
        char buffer[256] = {};
        EXPECT_FAILURE(
            api().NtAlpcQueryInformation(port.get(), what, buffer, ULONG{sizeof(buffer)}, PULONG{}));
    }
}

ALPC_TEST(Flags, ClassesThatCanOnlyBeAskedAreNotSet, "3.11", "phnt", low) {
    const Port port = create_port(port_name());
    for (const auto what : {AlpcBasicInformation, AlpcConnectedSIDInformation, AlpcServerInformation,
                            AlpcWaitForPortReferences, AlpcServerSessionInformation}) {
        char buffer[256] = {};
        EXPECT_FAILURE(api().NtAlpcSetInformation(port.get(), what, buffer, ULONG{sizeof(buffer)}));
    }
}

ALPC_TEST(Flags, MessageZoneChangesNothingVisible, "3.11", "phnt", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    alignas(16) static char memory[0x10000];
    ALPC_PORT_MESSAGE_ZONE_INFORMATION zone{memory, sizeof(memory)};
    EXPECT_STATUS(STATUS_SUCCESS,
                  api().NtAlpcSetInformation(connection.listener.get(), AlpcMessageZoneInformation, &zone,
                                             ULONG{sizeof(zone)}));
    Message<> message("abc"), received;
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), release));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_EQ(received.data(), "abc");
}

ALPC_TEST(Flags, MessageZoneOfTheWrongShape, "3.11", "inferred", low) {
    const Port port = create_port(port_name());
    ALPC_PORT_MESSAGE_ZONE_INFORMATION zone{nullptr, 0x1000};
    EXPECT_STATUS(
        STATUS_INFO_LENGTH_MISMATCH,
        api().NtAlpcSetInformation(port.get(), AlpcMessageZoneInformation, &zone, ULONG{sizeof(zone) - 1}));
    EXPECT_STATUS(STATUS_ACCESS_VIOLATION, api().NtAlpcSetInformation(port.get(), AlpcMessageZoneInformation,
                                                                      &zone, ULONG{sizeof(zone)}));
}

// ---- Port references ----

NTSTATUS wait_for_references(const Port& port, ULONG count, ULONG length = sizeof(ULONG)) {
    return api().NtAlpcQueryInformation(port.get(), AlpcWaitForPortReferences, &count, length, PULONG{});
}

NTSTATUS send_tracked(const Port& port) {
    Message<> message("abc");
    return send(port, message.get(), release | ALPC_MSGFLG_TRACK_PORT_REFERENCES);
}

ALPC_TEST(References, WaitEndsWhenSoManyMessagesWereSent, "3.4, 3.11", "PHNT", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    EXPECT_STATUS(STATUS_SUCCESS, wait_for_references(connection.client, 0));
    Thread waiting([&connection] { return wait_for_references(connection.client, 2); });
    ASSERT_STATUS(STATUS_SUCCESS, send_tracked(connection.client));
    Message<> untracked("abc");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, untracked.get(), release));
    EXPECT_FALSE(waiting.done(short_wait));
    ASSERT_STATUS(STATUS_SUCCESS, send_tracked(connection.client));
    EXPECT_STATUS(STATUS_SUCCESS, waiting.join());
    EXPECT_STATUS(STATUS_SUCCESS, wait_for_references(connection.client, 2)) << "they stay counted";
}

ALPC_TEST(References, WaitEndsWithTheConnection, "3.11", "inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Thread waiting([&connection] { return wait_for_references(connection.client, 1); });
    EXPECT_FALSE(waiting.done(short_wait));
    connection.server.close();
    EXPECT_STATUS(STATUS_PORT_DISCONNECTED, waiting.join());
    EXPECT_STATUS(STATUS_PORT_DISCONNECTED, wait_for_references(connection.client, 1));
}

ALPC_TEST(References, CountOfTheWrongSize, "3.11", "inferred", low) {
    const Port port = create_port(port_name());
    EXPECT_STATUS(STATUS_INFO_LENGTH_MISMATCH, wait_for_references(port, 0, sizeof(ULONG) - 1));
}

}  // namespace
}  // namespace ntalpc::conformance
