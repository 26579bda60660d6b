// SPDX-License-Identifier: LGPL-2.1-or-later
// NtImpersonateClientOfPort: when it works and when not. Who the thread then is can only be seen where there
// are tokens; a native process has one identity.
#include <future>

#include "conformance/harness/identity.h"
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
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(asked.connection));
    std::promise<void> tried;
    Thread client([&] {
        lpc::Message request("request"), answer;
        const NTSTATUS status = lpc::request(asked.connection.client, request, answer);
        tried.get_future().wait();  // a thread that is no more would be another status
        return status;
    });
    EXPECT_STATUS(STATUS_SUCCESS, lpc::receive(asked.connection.listener, asked.received));
    auto answer = lpc::answer_to(asked.received, "done");
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(asked.connection.server, answer));
    EXPECT_STATUS(STATUS_REPLY_MESSAGE_MISMATCH, impersonate(asked.connection.server, asked.received));
    tried.set_value();
    EXPECT_STATUS(STATUS_SUCCESS, client.join());
}

ALPC_TEST(LpcImpersonation, ClientThatHasGone, "A126", "ReactOS", high) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(asked.connection));
    auto client = lpc::request_in_thread(asked.connection.client, "request");
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(asked.connection.listener, asked.received));
    asked.connection.client.close();
    client.join();
    // Which of the two depends on whether the end of the thread has been noticed.
    const Unrecorded unrecorded;
    EXPECT_TRUE(is_one_of(impersonate(asked.connection.server, asked.received), STATUS_INVALID_CID,
                          STATUS_PORT_DISCONNECTED));
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

// ---- How far the client lets the server go ----

lpc::ConnectOptions connect_options(SECURITY_IMPERSONATION_LEVEL level, BOOLEAN tracking,
                                    BOOLEAN effective_only = FALSE) {
    lpc::ConnectOptions options;
    options.quality.ImpersonationLevel = level;
    options.quality.ContextTrackingMode = tracking;
    options.quality.EffectiveOnly = effective_only;
    return options;
}

// Connects, sends a request as `sender` makes it, and tells whom the server's thread is when it impersonates.
// Whatever the thread of the client does to its identity is its own affair.
template <class Sender>
ThreadIdentity impersonated(const lpc::ConnectOptions& options, Sender before_sending, std::uint16_t type = 0,
                            NTSTATUS expected = STATUS_SUCCESS) {
    const std::string name = port_name();
    Asked asked;
    asked.connection.listener = lpc::create_port(name);
    lpc::add_client(asked.connection.listener, name, asked.connection.server, asked.connection.client,
                    lpc::test_context(), options);
    Thread client([&asked, before_sending, type] {
        before_sending();
        lpc::Message message("request"), answer;
        message.header().u2.s2.Type = static_cast<SHORT>(type);
        return lpc::request(asked.connection.client, message, answer);
    });
    EXPECT_STATUS(STATUS_SUCCESS, lpc::receive(asked.connection.listener, asked.received));
    EXPECT_EQ(asked.received.type(), unsigned{LPC_REQUEST});
    EXPECT_STATUS(expected, impersonate(asked.connection.server, asked.received));
    ThreadIdentity identity;
    if (have_tokens() && expected == STATUS_SUCCESS) {
        identity = thread_identity();
        lpc::revert();
    }
    auto answer = lpc::answer_to(asked.received, "done");
    lpc::reply(asked.connection.server, answer);
    EXPECT_STATUS(STATUS_SUCCESS, client.join());
    return identity;
}

void as_it_is() {}

ALPC_TEST(LpcImpersonation, LevelOfTheClient, "A120", "ReactOS, documentation of the levels", high) {
    for (const auto level : {SecurityIdentification, SecurityImpersonation}) {
        const auto identity = impersonated(connect_options(level, SECURITY_STATIC_TRACKING), as_it_is);
        if (have_tokens()) {
            EXPECT_EQ(identity.level, level);
        }
    }
}

ALPC_TEST(LpcImpersonation, AnonymousClient, "11.1", "documentation of the levels", medium) {
    const auto identity =
        impersonated(connect_options(SecurityAnonymous, SECURITY_STATIC_TRACKING), as_it_is);
    if (have_tokens()) {
        EXPECT_STATUS(STATUS_CANT_OPEN_ANONYMOUS, identity.opened);
    }
}

ALPC_TEST(LpcImpersonation, StaticTracking, "A121", "ReactOS", high) {
    if (!have_tokens()) throw CannotTest{"a native process has one identity"};
    const auto identity = impersonated(connect_options(SecurityImpersonation, SECURITY_STATIC_TRACKING),
                                       [] { act_as_somebody(SecurityImpersonation); });
    EXPECT_FALSE(is_somebody(identity));
}

ALPC_TEST(LpcImpersonation, DynamicTracking, "A122", "ReactOS", high) {
    if (!have_tokens()) throw CannotTest{"a native process has one identity"};
    const auto identity = impersonated(connect_options(SecurityImpersonation, SECURITY_DYNAMIC_TRACKING),
                                       [] { act_as_somebody(SecurityImpersonation); });
    EXPECT_TRUE(is_somebody(identity));
}

ALPC_TEST(LpcImpersonation, DynamicTrackingOfAnIdentifiedThread, "11.1", "ReactOS", medium) {
    if (!have_tokens()) throw CannotTest{"a native process has one identity"};
    impersonated(
        connect_options(SecurityImpersonation, SECURITY_DYNAMIC_TRACKING),
        [] { act_as_somebody(SecurityIdentification); }, 0, STATUS_BAD_IMPERSONATION_LEVEL);
}

ALPC_TEST(LpcImpersonation, EffectiveOnly, "A123", "documentation of EffectiveOnly", high) {
    for (const BOOLEAN effective_only : {FALSE, TRUE}) {
        const auto identity = impersonated(
            connect_options(SecurityImpersonation, SECURITY_STATIC_TRACKING, effective_only), as_it_is);
        if (have_tokens()) {
            EXPECT_EQ(identity.holds_disabled, effective_only == FALSE);
        }
    }
}

ALPC_TEST(LpcImpersonation, ForbiddenForOneMessage, "A124", "ReactOS, phnt", low) {
    impersonated(connect_options(SecurityImpersonation, SECURITY_STATIC_TRACKING), as_it_is,
                 LPC_NO_IMPERSONATE, STATUS_ACCESS_DENIED);
}

ALPC_TEST(LpcImpersonation, ConnectAtIdentificationLevel, "A125", "ReactOS", medium) {
    const Reverting reverting;
    const std::string name = port_name();
    const Port listener = lpc::create_port(name);
    act_as_somebody(SecurityIdentification);
    HANDLE client = nullptr;
    EXPECT_STATUS(
        STATUS_BAD_IMPERSONATION_LEVEL,
        lpc::connect(&client, name, connect_options(SecurityImpersonation, SECURITY_STATIC_TRACKING)));
}

ALPC_TEST(LpcImpersonation, LevelThatThereIsNoneOf, "11.1", "ReactOS", medium) {
    const std::string name = port_name();
    const Port listener = lpc::create_port(name);
    HANDLE client = nullptr;
    const auto level = static_cast<SECURITY_IMPERSONATION_LEVEL>(7);
    EXPECT_STATUS(STATUS_INVALID_PARAMETER,
                  lpc::connect(&client, name, connect_options(level, SECURITY_STATIC_TRACKING)));
}

// While the client serves a callback it is not waiting for its answer; afterwards it is again.
ALPC_TEST(LpcImpersonation, NestsWithCallbacks, "11.2", "ReactOS", medium) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(lpc::make_connection(asked.connection));
    const Port& server = asked.connection.server;
    Thread client([&asked] {
        lpc::Message request("request"), message;
        EXPECT_STATUS(STATUS_SUCCESS, lpc::request(asked.connection.client, request, message));
        message = lpc::answer_to(message, "answer to the callback");
        return lpc::reply_and_wait(asked.connection.client, message);
    });
    ASSERT_STATUS(STATUS_SUCCESS, lpc::receive(asked.connection.listener, asked.received));
    EXPECT_STATUS(STATUS_SUCCESS, impersonate(server, asked.received));
    lpc::Message callback = lpc::answer_to(asked.received, "callback"), answer;
    callback.header().u2.s2.Type = LPC_REQUEST;
    EXPECT_STATUS(STATUS_SUCCESS, lpc::request(server, callback, answer));
    EXPECT_STATUS(STATUS_SUCCESS, impersonate(server, asked.received));
    EXPECT_TRUE(lpc::is_impersonating());
    lpc::revert();
    auto reply = lpc::answer_to(asked.received, "done");
    EXPECT_STATUS(STATUS_SUCCESS, lpc::reply(server, reply));
    EXPECT_STATUS(STATUS_SUCCESS, client.join());
}

// Programs that hold the privilege would set the port for the whole system, so they are left out.
ALPC_TEST(LpcHardErrors, PortNeedsThePrivilege, "A155", "ReactOS", high) {
    if (lpc::holds_tcb_privilege()) GTEST_SKIP() << "this process holds SeTcbPrivilege";
    const Port port = lpc::create_port(port_name());
    EXPECT_STATUS(STATUS_PRIVILEGE_NOT_HELD, api().NtSetDefaultHardErrorPort(port.get()));
}

}  // namespace
}  // namespace ntalpc::conformance
