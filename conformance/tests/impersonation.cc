// SPDX-License-Identifier: LGPL-2.1-or-later
// A server that acts as its client: what the client has to allow, and whom the thread then is.
#include "conformance/harness/identity.h"
#include "conformance/harness/ports.h"
#include "conformance/harness/thread.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;
constexpr ULONG allow = ALPC_PORFLG_ALLOW_IMPERSONATION;
constexpr ULONG require = ALPC_IMPERSONATEFLG_REQUIRE_IMPERSONATE;
constexpr ULONG anonymous = ALPC_IMPERSONATEFLG_ANONYMOUS;

constexpr ULONG level_flag(SECURITY_IMPERSONATION_LEVEL level) {
    return static_cast<ULONG>(level) << 2;
}

ALPC_PORT_ATTRIBUTES client_attributes(SECURITY_IMPERSONATION_LEVEL level, BOOLEAN tracking,
                                       BOOLEAN effective_only = FALSE) {
    ALPC_PORT_ATTRIBUTES attributes = port_attributes(allow);
    attributes.SecurityQos.ImpersonationLevel = level;
    attributes.SecurityQos.ContextTrackingMode = tracking;
    attributes.SecurityQos.EffectiveOnly = effective_only;
    return attributes;
}

NTSTATUS impersonate(const Port& port, Message<>& message, ULONG flags = 0) {
    return api().NtAlpcImpersonateClientOfPort(port.get(), message.get(), flags);
}

// A connection whose client has sent a request that the server has received and not answered.
struct Asked {
    Connection connection;
    Message<> received;
    Reverting reverting;
};

void connect_as(Asked& asked, const ALPC_PORT_ATTRIBUTES& client, const char* name = "") {
    PairOptions options;
    options.client = client;
    options.name = name;
    ASSERT_NO_FATAL_FAILURE(make_connection(asked.connection, options));
}

void ask(Asked& asked, ULONG flags = 0) {
    Message<> message("request");
    ASSERT_STATUS(STATUS_SUCCESS, send(asked.connection.client, message.get(), flags));
    ASSERT_STATUS(STATUS_SUCCESS, receive(asked.connection.listener, asked.received));
}

void connect_and_ask(Asked& asked, const ALPC_PORT_ATTRIBUTES& client) {
    ASSERT_NO_FATAL_FAILURE(connect_as(asked, client));
    ASSERT_NO_FATAL_FAILURE(ask(asked));
}

ALPC_TEST(Impersonation, OfAClientThatAllowsIt, "S01", "CSK", high) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(
        connect_and_ask(asked, client_attributes(SecurityImpersonation, SECURITY_STATIC_TRACKING)));
    EXPECT_STATUS(STATUS_SUCCESS, impersonate(asked.connection.server, asked.received));
    if (!have_tokens()) return;
    const ThreadIdentity identity = thread_identity();
    EXPECT_STATUS(STATUS_SUCCESS, identity.opened);
    EXPECT_TRUE(identity.same_user);
    EXPECT_EQ(identity.level, SecurityImpersonation);
}

ALPC_TEST(Impersonation, OfAClientThatDoesNot, "S02", "CSK", medium) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(connect_and_ask(asked, port_attributes()));
    EXPECT_STATUS(STATUS_ACCESS_DENIED, impersonate(asked.connection.server, asked.received));
}

ALPC_TEST(Impersonation, OfTheServerByItsConnectionReply, "S03", "CSK", high) {
    const std::string name = port_name();
    const Port listener = create_port(name);
    Thread client([&name] {
        Port port;
        Message<> message("connect");
        SIZE_T length = message.size();
        ConnectOptions options;
        options.flags = ALPC_MSGFLG_SYNC_REQUEST;
        EXPECT_STATUS(STATUS_SUCCESS, connect(port, name, message.get(), &length, options));
        return impersonate(port, message);
    });
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    Port server;
    ASSERT_STATUS(STATUS_SUCCESS, accept(server, listener, request.get()));
    EXPECT_STATUS(STATUS_INVALID_MESSAGE, client.join());
}

ALPC_TEST(Impersonation, AfterTheReply, "10.2", "CSK", medium) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(
        connect_and_ask(asked, client_attributes(SecurityImpersonation, SECURITY_STATIC_TRACKING)));
    auto reply = Message<>::answer(asked.received, "reply");
    ASSERT_STATUS(STATUS_SUCCESS, send(asked.connection.server, reply.get(), release));
    EXPECT_STATUS(STATUS_INVALID_MESSAGE, impersonate(asked.connection.server, asked.received));
}

ALPC_TEST(Impersonation, OutlivesTheReply, "10.2", "inferred", medium) {
    if (!have_tokens()) throw CannotTest{"a native process has one identity"};
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(
        connect_and_ask(asked, client_attributes(SecurityImpersonation, SECURITY_STATIC_TRACKING)));
    ASSERT_STATUS(STATUS_SUCCESS, impersonate(asked.connection.server, asked.received));
    auto reply = Message<>::answer(asked.received, "reply");
    ASSERT_STATUS(STATUS_SUCCESS, send(asked.connection.server, reply.get(), release));
    EXPECT_STATUS(STATUS_SUCCESS, thread_identity().opened);
    act_as_oneself();
    EXPECT_STATUS(STATUS_NO_TOKEN, thread_identity().opened);
}

ALPC_TEST(Impersonation, AtTheLevelOfTheClient, "10.2", "CSK, documentation of the levels", high) {
    for (const auto level : {SecurityIdentification, SecurityImpersonation, SecurityDelegation}) {
        for (const BOOLEAN tracking : {SECURITY_STATIC_TRACKING, SECURITY_DYNAMIC_TRACKING}) {
            Asked asked;
            ASSERT_NO_FATAL_FAILURE(connect_and_ask(asked, client_attributes(level, tracking)));
            ASSERT_STATUS(STATUS_SUCCESS, impersonate(asked.connection.server, asked.received));
            if (!have_tokens()) continue;
            EXPECT_EQ(thread_identity().level, level) << "tracking " << int{tracking};
            act_as_oneself();
        }
    }
}

ALPC_TEST(Impersonation, OfAnAnonymousClient, "11.1", "documentation of the levels", medium) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(
        connect_and_ask(asked, client_attributes(SecurityAnonymous, SECURITY_STATIC_TRACKING)));
    ASSERT_STATUS(STATUS_SUCCESS, impersonate(asked.connection.server, asked.received));
    if (have_tokens()) {
        EXPECT_STATUS(STATUS_CANT_OPEN_ANONYMOUS, thread_identity().opened);
    }
}

ALPC_TEST(Impersonation, WithoutWhatTheClientHasDisabled, "11.1", "documentation of EffectiveOnly", high) {
    for (const BOOLEAN effective_only : {FALSE, TRUE}) {
        Asked asked;
        ASSERT_NO_FATAL_FAILURE(connect_and_ask(
            asked, client_attributes(SecurityImpersonation, SECURITY_DYNAMIC_TRACKING, effective_only)));
        ASSERT_STATUS(STATUS_SUCCESS, impersonate(asked.connection.server, asked.received));
        if (!have_tokens()) continue;
        const ThreadIdentity identity = thread_identity();
        EXPECT_EQ(identity.holds_disabled, effective_only == FALSE);
        EXPECT_TRUE(identity.holds_enabled);
        act_as_oneself();
    }
}

ALPC_TEST(Impersonation, StaticTrackingKeepsTheIdentityOfTheConnect, "10.2", "CSK, ReactOS", medium) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(
        connect_as(asked, client_attributes(SecurityImpersonation, SECURITY_STATIC_TRACKING)));
    act_as_somebody(SecurityImpersonation);
    ASSERT_NO_FATAL_FAILURE(ask(asked));
    act_as_oneself();
    ASSERT_STATUS(STATUS_SUCCESS, impersonate(asked.connection.server, asked.received));
    EXPECT_FALSE(is_somebody(thread_identity()));
}

ALPC_TEST(Impersonation, StaticTrackingTakesTheThreadsIdentity, "10.2", "CSK, ReactOS", medium) {
    Asked asked;
    act_as_somebody(SecurityImpersonation);
    ASSERT_NO_FATAL_FAILURE(
        connect_as(asked, client_attributes(SecurityImpersonation, SECURITY_STATIC_TRACKING)));
    act_as_oneself();
    ASSERT_NO_FATAL_FAILURE(ask(asked));
    ASSERT_STATUS(STATUS_SUCCESS, impersonate(asked.connection.server, asked.received));
    EXPECT_TRUE(is_somebody(thread_identity()));
}

ALPC_TEST(Impersonation, DynamicTrackingTakesTheIdentityOfTheSend, "10.2", "CSK, ReactOS", medium) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(
        connect_as(asked, client_attributes(SecurityImpersonation, SECURITY_DYNAMIC_TRACKING)));
    act_as_somebody(SecurityImpersonation);
    ASSERT_NO_FATAL_FAILURE(ask(asked));
    act_as_oneself();
    ASSERT_STATUS(STATUS_SUCCESS, impersonate(asked.connection.server, asked.received));
    EXPECT_TRUE(is_somebody(thread_identity()));
    act_as_oneself();
    ASSERT_NO_FATAL_FAILURE(ask(asked));
    ASSERT_STATUS(STATUS_SUCCESS, impersonate(asked.connection.server, asked.received));
    EXPECT_FALSE(is_somebody(thread_identity()));
}

ALPC_TEST(Impersonation, SendAtIdentificationLevel, "S14", "SBX", medium) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(
        connect_as(asked, client_attributes(SecurityImpersonation, SECURITY_DYNAMIC_TRACKING)));
    act_as_somebody(SecurityIdentification);
    Message<> message("request");
    EXPECT_STATUS(STATUS_BAD_IMPERSONATION_LEVEL, send(asked.connection.client, message.get(), 0));
}

ALPC_TEST(Impersonation, ConnectAtIdentificationLevel, "11.1", "ReactOS", medium) {
    const Reverting reverting;
    const std::string name = port_name();
    const Port listener = create_port(name);
    act_as_somebody(SecurityIdentification);
    ConnectOptions options;
    options.attributes = client_attributes(SecurityImpersonation, SECURITY_STATIC_TRACKING);
    Port client;
    EXPECT_STATUS(STATUS_BAD_IMPERSONATION_LEVEL, connect(client, name, nullptr, nullptr, options));
}

ALPC_TEST(Impersonation, LevelThatThereIsNoneOf, "11.1", "ReactOS", medium) {
    const std::string name = port_name();
    const Port listener = create_port(name);
    ConnectOptions options;
    options.attributes =
        client_attributes(static_cast<SECURITY_IMPERSONATION_LEVEL>(7), SECURITY_STATIC_TRACKING);
    Port client;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, connect(client, name, nullptr, nullptr, options));
}

ALPC_TEST(Impersonation, RequiredLevel, "3.9", "NtApiDotNet", low) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(
        connect_and_ask(asked, client_attributes(SecurityIdentification, SECURITY_STATIC_TRACKING)));
    const Port& server = asked.connection.server;
    EXPECT_STATUS(STATUS_BAD_IMPERSONATION_LEVEL,
                  impersonate(server, asked.received, require | level_flag(SecurityImpersonation)));
    EXPECT_STATUS(STATUS_SUCCESS,
                  impersonate(server, asked.received, require | level_flag(SecurityIdentification)));
}

ALPC_TEST(Impersonation, AnonymousFallback, "3.9", "NtApiDotNet", low) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(connect_and_ask(asked, port_attributes()));
    EXPECT_STATUS(STATUS_SUCCESS, impersonate(asked.connection.server, asked.received, anonymous));
    if (have_tokens()) {
        EXPECT_STATUS(STATUS_CANT_OPEN_ANONYMOUS, thread_identity().opened);
    }
}

ALPC_TEST(Impersonation, UnknownFlag, "3.9", "inferred", low) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(
        connect_and_ask(asked, client_attributes(SecurityImpersonation, SECURITY_STATIC_TRACKING)));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, impersonate(asked.connection.server, asked.received, 0x10000));
}

ALPC_TEST(Impersonation, HandleOfNothing, "5.3", "WineFork", medium) {
    Message<> message("request");
    EXPECT_STATUS(STATUS_INVALID_HANDLE, impersonate(Port(), message));
}

// No client here runs in a container; there is nothing to take over.
ALPC_TEST(Impersonation, OfAContainer, "10.2", "phnt, inferred", low) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(
        connect_and_ask(asked, client_attributes(SecurityImpersonation, SECURITY_STATIC_TRACKING)));
    const HANDLE server = asked.connection.server.get();
    EXPECT_STATUS(STATUS_INVALID_PARAMETER,
                  api().NtAlpcImpersonateClientContainerOfPort(server, asked.received.get(), ULONG{1}));
    EXPECT_STATUS(STATUS_SUCCESS,
                  api().NtAlpcImpersonateClientContainerOfPort(server, asked.received.get(), ULONG{0}));
    if (have_tokens()) {
        EXPECT_STATUS(STATUS_NO_TOKEN, thread_identity().opened);
    }
}

// The thread is the client to others too: what it sends elsewhere bears the client's token.
ALPC_TEST(Impersonation, IsSeenByOtherPorts, "10.2", "documentation of impersonation", high) {
    Asked asked, onward;
    ASSERT_NO_FATAL_FAILURE(
        connect_as(asked, client_attributes(SecurityImpersonation, SECURITY_DYNAMIC_TRACKING)));
    ASSERT_NO_FATAL_FAILURE(
        connect_as(onward, client_attributes(SecurityImpersonation, SECURITY_DYNAMIC_TRACKING), "onward"));
    act_as_somebody(SecurityImpersonation);
    ASSERT_NO_FATAL_FAILURE(ask(asked));
    act_as_oneself();
    ASSERT_STATUS(STATUS_SUCCESS, impersonate(asked.connection.server, asked.received));
    ASSERT_NO_FATAL_FAILURE(ask(onward));
    act_as_oneself();
    ASSERT_STATUS(STATUS_SUCCESS, impersonate(onward.connection.server, onward.received));
    EXPECT_TRUE(is_somebody(thread_identity()));
}

// While a thread acts as one client it can become another.
ALPC_TEST(Impersonation, OfOneClientAfterAnother, "10.2", "documentation of impersonation", high) {
    Asked first, second;
    ASSERT_NO_FATAL_FAILURE(
        connect_and_ask(first, client_attributes(SecurityIdentification, SECURITY_STATIC_TRACKING)));
    ASSERT_NO_FATAL_FAILURE(
        connect_as(second, client_attributes(SecurityImpersonation, SECURITY_STATIC_TRACKING), "second"));
    ASSERT_NO_FATAL_FAILURE(ask(second));
    ASSERT_STATUS(STATUS_SUCCESS, impersonate(first.connection.server, first.received));
    ASSERT_STATUS(STATUS_SUCCESS, impersonate(second.connection.server, second.received));
    if (have_tokens()) {
        EXPECT_EQ(thread_identity().level, SecurityImpersonation);
    }
}

ALPC_TEST(Impersonation, ModifiedIdOfTheSender, "7.2", "phnt", medium) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(connect_and_ask(asked, port_attributes()));
    LUID modified{};
    ULONG size = 0;
    ASSERT_STATUS(STATUS_SUCCESS,
                  api().NtAlpcQueryInformationMessage(asked.connection.listener.get(), asked.received.get(),
                                                      AlpcMessageTokenModifiedIdInformation, &modified,
                                                      ULONG{sizeof(modified)}, &size));
    EXPECT_EQ(size, sizeof(LUID));
    if (have_tokens()) {
        EXPECT_EQ(modified.LowPart, process_token_modified_id().LowPart);
    }
}

// The program changes its token, and from then on messages bear the changed one.
ALPC_TEST(Impersonation, ChangedTokenIsNoticed, "7.2", "documentation of ModifiedId", high) {
    Asked asked;
    ASSERT_NO_FATAL_FAILURE(connect_and_ask(asked, port_attributes()));
    adjust_process_token(true);
    const LUID changed = process_token_modified_id();
    Message<> message("request");
    EXPECT_STATUS(STATUS_SUCCESS, send(asked.connection.client, message.get(), 0));
    Attributes attributes(ALPC_MESSAGE_TOKEN_ATTRIBUTE);
    EXPECT_STATUS(STATUS_SUCCESS, receive(asked.connection.listener, asked.received, attributes.get()));
    adjust_process_token(false);
    EXPECT_EQ(attributes.token().ModifiedId.LowPart, changed.LowPart);
    EXPECT_NE(process_token_modified_id().LowPart, changed.LowPart);
}

}  // namespace
}  // namespace ntalpc::conformance
