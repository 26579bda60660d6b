// SPDX-License-Identifier: LGPL-2.1-or-later
// For the tests of leases: ports, and messages that carry a number.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <string>
#include <thread>

#include "core/private_server_test_support.h"
#include "ntalpc/name.h"
#include "ntalpc/ntalpc.h"

namespace ntalpc {

struct TestMessage {
    PORT_MESSAGE header{};
    std::uint64_t number = 0;

    explicit TestMessage(std::uint64_t given = 0) : number(given) {
        header.u1.s1.DataLength = sizeof(number);
        header.u1.s1.TotalLength = sizeof(*this);
    }
    unsigned kind() const { return header.u2.s2.Type & 0xFF; }
};

// Nobody else's, and another one each time.
inline std::string fresh_port_name() {
    static int last = 0;
    return "\\RPC Control\\lease-test-" + std::to_string(getpid()) + "-" + std::to_string(++last);
}

// A timeout from now, as the calls take it.
inline LARGE_INTEGER milliseconds(int count) {
    LARGE_INTEGER limit;
    limit.QuadPart = -10'000 * std::int64_t{count};
    return limit;
}

// nullptr when it cannot be made.
inline HANDLE make_port(const std::string& name, ALPC_PORT_ATTRIBUTES* limits = nullptr) {
    Name path(name);
    OBJECT_ATTRIBUTES attributes = path.attributes();
    HANDLE port = nullptr;
    return NtAlpcCreatePort(&port, &attributes, limits) == STATUS_SUCCESS ? port : nullptr;
}

inline HANDLE connect_to(const std::string& name, ALPC_PORT_ATTRIBUTES* limits = nullptr) {
    Name path(name);
    HANDLE port = nullptr;
    const NTSTATUS status = NtAlpcConnectPort(&port, path.get(), nullptr, limits, ALPC_MSGFLG_SYNC_REQUEST,
                                              nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
    return status == STATUS_SUCCESS ? port : nullptr;
}

// A request whose answer is waited for.
inline NTSTATUS ask(HANDLE port, std::uint64_t number, TestMessage* answer, int limit_in_milliseconds) {
    TestMessage message(number);
    SIZE_T length = sizeof(*answer);
    LARGE_INTEGER limit = milliseconds(limit_in_milliseconds);
    return NtAlpcSendWaitReceivePort(port, ALPC_MSGFLG_SYNC_REQUEST, &message.header, nullptr,
                                     &answer->header, &length, nullptr, &limit);
}

// What has come to a port, or comes until the time is over.
inline NTSTATUS receive(HANDLE port, TestMessage* message, int limit_in_milliseconds) {
    SIZE_T length = sizeof(*message);
    LARGE_INTEGER limit = milliseconds(limit_in_milliseconds);
    return NtAlpcSendWaitReceivePort(port, 0, nullptr, nullptr, &message->header, &length, nullptr, &limit);
}

// What is not answered: an answer itself, or a datagram.
inline NTSTATUS send_last(HANDLE port, TestMessage& message) {
    return NtAlpcSendWaitReceivePort(port, ALPC_MSGFLG_RELEASE_MESSAGE, &message.header, nullptr, nullptr,
                                     nullptr, nullptr, nullptr);
}

inline NTSTATUS accept(HANDLE port, TestMessage& request, HANDLE* accepted,
                       ALPC_PORT_ATTRIBUTES* limits = nullptr) {
    return NtAlpcAcceptConnectPort(accepted, port, 0, nullptr, limits, nullptr, &request.header, nullptr,
                                   TRUE);
}

// Both ends of a new connection to a port of this process.
inline void connect_both(HANDLE port, const std::string& name, HANDLE* client, HANDLE* accepted) {
    constexpr int limit = 10'000;
    std::thread connecting([&] { *client = connect_to(name); });
    TestMessage request;
    EXPECT_EQ(receive(port, &request, limit), STATUS_SUCCESS);
    EXPECT_EQ(accept(port, request, accepted), STATUS_SUCCESS);
    connecting.join();
    EXPECT_NE(*client, nullptr);
}

}  // namespace ntalpc
