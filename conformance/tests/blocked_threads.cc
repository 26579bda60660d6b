// SPDX-License-Identifier: LGPL-2.1-or-later
// Which process a blocked thread waits for (AlpcServerInformation).
#include <vector>

#include "conformance/harness/requests.h"

namespace ntalpc::conformance {
namespace {

// The thread that sent a message.
Port open_sender(const Port& port, Message<>& message) {
    constexpr ACCESS_MASK query_limited = 0x0800;
    OBJECT_ATTRIBUTES empty{};
    empty.Length = sizeof(empty);
    Port thread;
    const NTSTATUS status =
        api().NtAlpcOpenSenderThread(thread.put(), port.get(), message.get(), 0u, query_limited, &empty);
    if (status == static_cast<NTSTATUS>(STATUS_NOT_SUPPORTED))
        throw CannotTest{"native processes have no handles to threads"};
    EXPECT_STATUS(STATUS_SUCCESS, status);
    return thread;
}

// A buffer whose beginning is the question and then the answer.
struct ServerInformation {
    explicit ServerInformation(const Port& thread, ULONG size = 0x400) : bytes(size) {
        get().In.ThreadHandle = thread.get();
    }
    ALPC_SERVER_INFORMATION& get() { return *reinterpret_cast<ALPC_SERVER_INFORMATION*>(bytes.data()); }
    NTSTATUS ask(ULONG* needed = nullptr) {
        return api().NtAlpcQueryInformation(HANDLE{}, AlpcServerInformation, bytes.data(),
                                            static_cast<ULONG>(bytes.size()), needed);
    }
    std::vector<unsigned char> bytes;
};

ALPC_TEST(BlockedThreads, WaitingInASynchronousRequest, "Q01, Q03, S12", "SI, P0, PHNT", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    auto client = request_in_thread(connection.client, "request");
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    const Port thread = open_sender(connection.listener, received);
    ServerInformation information(thread);
    ASSERT_STATUS(STATUS_SUCCESS, information.ask());
    const auto& answer = information.get().Out;
    EXPECT_NE(answer.ThreadBlocked, 0);
    EXPECT_EQ(answer.ConnectedProcessId, current_process_id());
    const std::string name = port_name();
    ASSERT_EQ(answer.ConnectionPortName.Length, name.size() * sizeof(WCHAR));
    for (std::size_t i = 0; i < name.size(); ++i)
        EXPECT_EQ(static_cast<char>(answer.ConnectionPortName.Buffer[i]), name[i]) << i;
    ServerInformation little(thread, sizeof(ALPC_SERVER_INFORMATION) + 2);
    ULONG needed = 0;
    EXPECT_STATUS(STATUS_INFO_LENGTH_MISMATCH, little.ask(&needed));
    EXPECT_GE(needed, sizeof(ALPC_SERVER_INFORMATION) + name.size() * sizeof(WCHAR));
    ASSERT_STATUS(STATUS_SUCCESS, send_answer(connection.listener, received, "reply"));
    EXPECT_STATUS(STATUS_SUCCESS, client.join().status);
}

ALPC_TEST(BlockedThreads, NotWaiting, "Q02", "SI, PHNT", medium) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(ask(asked));
    const Port thread = open_sender(asked.connection.listener, asked.received);
    ServerInformation information(thread);
    ASSERT_STATUS(STATUS_SUCCESS, information.ask());
    EXPECT_EQ(information.get().Out.ThreadBlocked, 0);
}

ALPC_TEST(BlockedThreads, BufferTooSmallForTheStructure, "Q03", "SI", high) {
    char buffer[sizeof(ALPC_SERVER_INFORMATION) - 1] = {};
    EXPECT_STATUS(STATUS_INFO_LENGTH_MISMATCH,
                  api().NtAlpcQueryInformation(HANDLE{}, AlpcServerInformation, buffer, ULONG{sizeof(buffer)},
                                               nullptr));
}

}  // namespace
}  // namespace ntalpc::conformance
