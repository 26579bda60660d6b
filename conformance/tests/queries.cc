// SPDX-License-Identifier: LGPL-2.1-or-later
// Questions about ports, messages and their senders.
#include <array>
#include <vector>

#include "conformance/harness/requests.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;

// S-1-1-0, a group that is nobody's user.
std::array<unsigned char, 12> everyone() {
    return {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
}

NTSTATUS query(const Port& port, Message<>& message, ALPC_MESSAGE_INFORMATION_CLASS what, PVOID buffer,
               ULONG size, ULONG* needed = nullptr) {
    return api().NtAlpcQueryInformationMessage(port.get(), message.get(), what, buffer, size, needed);
}

std::vector<unsigned char> sender_sid(const Port& port, Message<>& message) {
    std::vector<unsigned char> sid(256);
    ULONG size = 0;
    EXPECT_STATUS(STATUS_SUCCESS, query(port, message, AlpcMessageSidInformation, sid.data(),
                                        static_cast<ULONG>(sid.size()), &size));
    sid.resize(size);
    return sid;
}

ALPC_TEST(Queries, SidOfTheSender, "S04", "CSK", high) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(ask(asked));
    const auto sid = sender_sid(asked.connection.listener, asked.received);
    ASSERT_GE(sid.size(), 12u);
    EXPECT_EQ(sid[0], 1);                     // revision
    EXPECT_EQ(sid.size(), 8u + 4u * sid[1]);  // sub-authorities
}

ALPC_TEST(Queries, SidBufferTooSmall, "S05", "phnt", medium) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(ask(asked));
    unsigned char little[4];
    ULONG needed = 0;
    EXPECT_STATUS(STATUS_BUFFER_TOO_SMALL, query(asked.connection.listener, asked.received,
                                                 AlpcMessageSidInformation, little, sizeof(little), &needed));
    EXPECT_GE(needed, 12u);
}

ALPC_TEST(Queries, SidOfTheSenderOfADatagram, "3.11", "ROS-tests", medium) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(ask(asked, release));
    EXPECT_GE(sender_sid(asked.connection.listener, asked.received).size(), 12u);
}

ALPC_TEST(Queries, AnsweredMessageIsUnknown, "7.2", "phnt", medium) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(ask(asked));
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(asked.connection.listener, asked.received, "reply"));
    unsigned char sid[128];
    EXPECT_STATUS(STATUS_INVALID_MESSAGE, query(asked.connection.listener, asked.received,
                                                AlpcMessageSidInformation, sid, sizeof(sid)));
}

ALPC_TEST(Queries, UnknownMessageClass, "5.3", "inferred", low) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(ask(asked));
    LUID luid;
    EXPECT_FAILURE(query(asked.connection.listener, asked.received,
                         static_cast<ALPC_MESSAGE_INFORMATION_CLASS>(77), &luid, sizeof(luid)));
}

ALPC_TEST(Queries, HandleIndexPastTheEnd, "H14", "ROS-fork", low) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(ask(asked));
    ALPC_MESSAGE_HANDLE_INFORMATION information{};
    EXPECT_FAILURE(query(asked.connection.listener, asked.received, AlpcMessageHandleInformation,
                         &information, sizeof(information)));
}

ALPC_TEST(Queries, ConnectedSid, "N25", "P0, SBX", high) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(ask(asked));
    // Client and server are one process, so the sender's SID is the server's.
    auto own = sender_sid(asked.connection.listener, asked.received);
    auto other = everyone();
    const HANDLE client = asked.connection.client.get();
    EXPECT_STATUS(STATUS_SUCCESS,
                  api().NtAlpcQueryInformation(client, AlpcConnectedSIDInformation, own.data(),
                                               static_cast<ULONG>(own.size()), nullptr));
    EXPECT_STATUS(STATUS_SERVER_SID_MISMATCH,
                  api().NtAlpcQueryInformation(client, AlpcConnectedSIDInformation, other.data(),
                                               static_cast<ULONG>(other.size()), nullptr));
}

NTSTATUS connect_to_owner(const std::string& name, PSID owner) {
    Name path(name);
    Port client;
    return api().NtAlpcConnectPort(client.put(), path.get(), POBJECT_ATTRIBUTES{}, PALPC_PORT_ATTRIBUTES{},
                                   ULONG{0}, owner, PPORT_MESSAGE{}, PSIZE_T{}, PALPC_MESSAGE_ATTRIBUTES{},
                                   PALPC_MESSAGE_ATTRIBUTES{}, PLARGE_INTEGER{});
}

ALPC_TEST(Queries, ServerMustRunAsTheRequiredUser, "N22, N23", "CSK, SBX, P0, ERREF", high) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(ask(asked));
    auto own = sender_sid(asked.connection.listener, asked.received);
    auto other = everyone();
    EXPECT_STATUS(STATUS_SERVER_SID_MISMATCH, connect_to_owner(port_name(), other.data()));
    Message<> nothing;
    EXPECT_STATUS(STATUS_TIMEOUT, receive(asked.connection.listener, nothing, nullptr, at_once));
    EXPECT_STATUS(STATUS_SUCCESS, connect_to_owner(port_name(), own.data()));
}

ALPC_TEST(Queries, ServerSession, "Q04", "phnt, SI", medium) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(ask(asked));
    ALPC_SERVER_SESSION_INFORMATION session{};
    ULONG size = 0;
    ASSERT_STATUS(STATUS_SUCCESS,
                  api().NtAlpcQueryInformation(asked.connection.client.get(), AlpcServerSessionInformation,
                                               &session, ULONG{sizeof(session)}, &size));
    EXPECT_EQ(size, sizeof(session));
    EXPECT_EQ(reinterpret_cast<HANDLE>(ULONG_PTR{session.ProcessId}), current_process_id());
}

ALPC_TEST(Queries, UnknownPortClass, "5.3", "inferred", low) {
    const Port port = create_port(port_name());
    char buffer[64];
    EXPECT_FAILURE(api().NtAlpcQueryInformation(port.get(), static_cast<ALPC_PORT_INFORMATION_CLASS>(99),
                                                buffer, ULONG{sizeof(buffer)}, nullptr));
}

ALPC_TEST(Queries, CallbackClassIsForDrivers, "Q05", "phnt", medium) {
    const Port port = create_port(port_name());
    char buffer[sizeof(void*) * 2] = {};
    EXPECT_FAILURE(api().NtAlpcSetInformation(port.get(), AlpcRegisterCallbackInformation, buffer,
                                              ULONG{sizeof(buffer)}));
}

ALPC_TEST(Queries, PortFlagsCanBeReplaced, "3.11", "NtApiDotNet", medium) {
    const Port port = create_port(port_name());
    ALPC_PORT_ATTRIBUTES attributes{};
    attributes.Flags = ALPC_PORFLG_ALLOW_DUP_OBJECT;
    EXPECT_STATUS(STATUS_SUCCESS, api().NtAlpcSetInformation(port.get(), AlpcPortInformation, &attributes,
                                                             ULONG{sizeof(attributes)}));
}

// ---- The sender ----

ALPC_TEST(Senders, ProcessOfALiveMessage, "S11", "P0", medium) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(ask(asked));
    OBJECT_ATTRIBUTES empty{};
    empty.Length = sizeof(empty);
    Port process;
    constexpr ACCESS_MASK query_limited = 0x1000;
    EXPECT_STATUS(STATUS_SUCCESS,
                  api().NtAlpcOpenSenderProcess(process.put(), asked.connection.listener.get(),
                                                asked.received.get(), 0u, query_limited, &empty));
    EXPECT_NE(process.get(), nullptr);
}

ALPC_TEST(Senders, ObjectAttributesAreNotOptional, "S13", "phnt", low) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(ask(asked));
    Port process;
    EXPECT_FAILURE(api().NtAlpcOpenSenderProcess(process.put(), asked.connection.listener.get(),
                                                 asked.received.get(), 0u, ACCESS_MASK{0x1000}, nullptr));
}

ALPC_TEST(Senders, MessageNobodySent, "10.3", "inferred", medium) {
    const Port port = create_port(port_name());
    OBJECT_ATTRIBUTES empty{};
    empty.Length = sizeof(empty);
    Message<> message("");
    message.header().MessageId = 0x00FFFFF0;
    Port process;
    EXPECT_FAILURE(api().NtAlpcOpenSenderProcess(process.put(), port.get(), message.get(), 0u,
                                                 ACCESS_MASK{0x1000}, &empty));
}

}  // namespace
}  // namespace ntalpc::conformance
