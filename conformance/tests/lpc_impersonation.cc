// SPDX-License-Identifier: LGPL-2.1-or-later
// NtImpersonateClientOfPort: when it works and when not. Who the thread then is can only be seen where there
// are tokens; a native process has one identity.
#include "conformance/harness/lpc.h"

namespace ntalpc::conformance {
namespace {

NTSTATUS impersonate(const Port& port, lpc::Message& message) {
    return api().NtImpersonateClientOfPort(port.get(), message.get());
}

// A client blocked in a request that the test has received.
struct Asked {
    lpc::Connection connection;
    lpc::Message received;
};

template <class Test>
void with_request(Test test) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(asked.connection));
    auto client = lpc::request_in_thread(asked.connection.client, "request");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(asked.connection.listener, asked.received));
    test(asked);
    auto answer = lpc::answer_to(asked.received, "done");
    lpc::reply(asked.connection.server, answer);
    EXPECT_STATUS(STATUS_SUCCESS, client.join().status);
}

ALPC_TEST(LpcImpersonation, ClientOfAPendingRequest, "A116", "ReactOS, Sandboxie", high) {
    with_request([](Asked& asked) {
        EXPECT_STATUS(STATUS_SUCCESS, impersonate(asked.connection.server, asked.received));
        EXPECT_TRUE(lpc::is_impersonating());
        lpc::revert();
        EXPECT_FALSE(lpc::thread_has_token());
    });
}

ALPC_TEST(LpcImpersonation, AfterTheReply, "A117", "ReactOS", medium) {
    with_request([](Asked& asked) {
        auto answer = lpc::answer_to(asked.received, "done");
        ASSERT_STATUS(STATUS_SUCCESS, lpc::reply(asked.connection.server, answer));
        // The client's thread may have ended by now.
        EXPECT_TRUE(is_one_of(impersonate(asked.connection.server, asked.received),
                              STATUS_REPLY_MESSAGE_MISMATCH, STATUS_INVALID_CID));
    });
}

ALPC_TEST(LpcImpersonation, SenderOfADatagram, "A118", "ReactOS", low) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(asked.connection));
    lpc::Message datagram("datagram");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::send_datagram(asked.connection.client, datagram));
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(asked.connection.listener, asked.received));
    EXPECT_STATUS(STATUS_REPLY_MESSAGE_MISMATCH, impersonate(asked.connection.server, asked.received));
}

ALPC_TEST(LpcImpersonation, ThroughAnotherKindOfPort, "A119", "ReactOS", low) {
    with_request([](Asked& asked) {
        EXPECT_STATUS(STATUS_INVALID_PORT_HANDLE, impersonate(asked.connection.listener, asked.received));
        EXPECT_STATUS(STATUS_INVALID_PORT_HANDLE, impersonate(asked.connection.client, asked.received));
    });
}

ALPC_TEST(LpcImpersonation, HandleOfNothing, "11.2", "ReactOS", high) {
    lpc::Message message("request");
    EXPECT_STATUS(STATUS_INVALID_HANDLE, impersonate(Port(), message));
}

// Programs that hold the privilege would set the port for the whole system, so they are left out.
ALPC_TEST(LpcHardErrors, PortNeedsThePrivilege, "A155", "ReactOS", high) {
    if (lpc::holds_tcb_privilege()) GTEST_SKIP() << "this process holds SeTcbPrivilege";
    const Port port = lpc::create_port(port_name());
    EXPECT_STATUS(STATUS_PRIVILEGE_NOT_HELD, api().NtSetDefaultHardErrorPort(port.get()));
}

}  // namespace
}  // namespace ntalpc::conformance
