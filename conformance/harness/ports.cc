// SPDX-License-Identifier: LGPL-2.1-or-later
// Ports for tests, see ports.h.
#include "conformance/harness/ports.h"

#include <cstdio>

namespace ntalpc::conformance {

namespace {

constexpr LONGLONG ticks_per_millisecond = 10'000;
constexpr LONGLONG unix_epoch_in_seconds_since_1601 = 11'644'473'600;

}  // namespace

LARGE_INTEGER relative(std::chrono::milliseconds time) {
    LARGE_INTEGER result;
    result.QuadPart = -static_cast<LONGLONG>(time.count()) * ticks_per_millisecond;
    return result;
}

LARGE_INTEGER absolute(std::chrono::milliseconds from_now) {
    const auto now = std::chrono::system_clock::now().time_since_epoch() + from_now;
    LARGE_INTEGER result;
    result.QuadPart = std::chrono::duration_cast<std::chrono::microseconds>(now).count() * 10 +
                      unix_epoch_in_seconds_since_1601 * 1000 * ticks_per_millisecond;
    return result;
}

std::string port_name(std::string_view suffix) {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    // Always as long, because some tests send it about and lengths are compared between runs.
    char process[24];
    std::snprintf(process, sizeof(process), "%010llu",
                  static_cast<unsigned long long>(reinterpret_cast<ULONG_PTR>(current_process_id())));
    std::string name = "\\RPC Control\\ntalpc-test-";
    name.append(process).append("-").append(test->test_suite_name()).append(".").append(test->name());
    return name.append(suffix);
}

ALPC_PORT_ATTRIBUTES port_attributes(ULONG flags, SIZE_T max_message_length) {
    ALPC_PORT_ATTRIBUTES result{};
    result.Flags = flags;
    result.SecurityQos.Length = sizeof(result.SecurityQos);
    result.SecurityQos.ImpersonationLevel = SecurityImpersonation;
    result.SecurityQos.ContextTrackingMode = SECURITY_DYNAMIC_TRACKING;
    result.SecurityQos.EffectiveOnly = TRUE;
    result.MaxMessageLength = max_message_length;
    result.MemoryBandwidth = ~SIZE_T{0};
    result.MaxPoolUsage = ~SIZE_T{0};
    result.MaxSectionSize = ~SIZE_T{0};
    result.MaxViewSize = ~SIZE_T{0};
    result.MaxTotalSectionSize = ~SIZE_T{0};
    result.DupObjectTypes = ALPC_PORFLG_OBJECT_TYPE_ALL;
    return result;
}

Port create_port(const std::string& name, ALPC_PORT_ATTRIBUTES attributes) {
    Name port_name(name);
    OBJECT_ATTRIBUTES object_attributes = port_name.attributes();
    Port port;
    EXPECT_STATUS(STATUS_SUCCESS, api().NtAlpcCreatePort(port.put(), &object_attributes, &attributes));
    return port;
}

NTSTATUS connect(Port& client, const std::string& name, PORT_MESSAGE* message, SIZE_T* buffer_length,
                 const ConnectOptions& options) {
    Name port_name(name);
    ALPC_PORT_ATTRIBUTES attributes = options.attributes;
    LARGE_INTEGER limit = relative(options.timeout);
    return api().NtAlpcConnectPort(client.put(), port_name.get(), POBJECT_ATTRIBUTES{}, &attributes,
                                   options.flags, PSID{}, message, buffer_length, PALPC_MESSAGE_ATTRIBUTES{},
                                   PALPC_MESSAGE_ATTRIBUTES{}, &limit);
}

NTSTATUS accept(Port& server, const Port& listener, PORT_MESSAGE* request, PVOID context,
                ALPC_PORT_ATTRIBUTES attributes) {
    return api().NtAlpcAcceptConnectPort(server.put(), listener.get(), ULONG{0}, POBJECT_ATTRIBUTES{},
                                         &attributes, context, request, PALPC_MESSAGE_ATTRIBUTES{},
                                         BOOLEAN{TRUE});
}

NTSTATUS refuse(const Port& listener, PORT_MESSAGE* request) {
    return api().NtAlpcAcceptConnectPort(PHANDLE{}, listener.get(), ULONG{0}, POBJECT_ATTRIBUTES{},
                                         PALPC_PORT_ATTRIBUTES{}, PVOID{}, request,
                                         PALPC_MESSAGE_ATTRIBUTES{}, BOOLEAN{FALSE});
}

NTSTATUS send(const Port& port, PORT_MESSAGE* message, ULONG flags, PALPC_MESSAGE_ATTRIBUTES attributes) {
    return api().NtAlpcSendWaitReceivePort(port.get(), flags, message, attributes, PPORT_MESSAGE{}, PSIZE_T{},
                                           PALPC_MESSAGE_ATTRIBUTES{}, PLARGE_INTEGER{});
}

NTSTATUS receive(const Port& port, PORT_MESSAGE* message, SIZE_T* length, PALPC_MESSAGE_ATTRIBUTES attributes,
                 std::chrono::milliseconds timeout, ULONG flags) {
    LARGE_INTEGER limit = relative(timeout);
    return api().NtAlpcSendWaitReceivePort(port.get(), flags, PPORT_MESSAGE{}, PALPC_MESSAGE_ATTRIBUTES{},
                                           message, length, attributes, &limit);
}

void make_connection(Connection& connection, const PairOptions& options) {
    const std::string name = port_name(options.name);
    connection.listener = create_port(name, options.listener);
    ConnectOptions how;
    how.attributes = options.client;
    ASSERT_STATUS(STATUS_SUCCESS, connect(connection.client, name, nullptr, nullptr, how));
    Message<> connection_request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, connection_request));
    ASSERT_EQ(connection_request.kind(), unsigned{LPC_CONNECTION_REQUEST});
    ASSERT_STATUS(STATUS_SUCCESS,
                  accept(connection.server, connection.listener, connection_request.get(), options.context,
                         options.server));
    if (!options.receive_reply) return;
    Message<> reply;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.client, reply));
    ASSERT_EQ(reply.kind(), unsigned{LPC_INTERNAL_CONNECTION_REPLY});
}

}  // namespace ntalpc::conformance
