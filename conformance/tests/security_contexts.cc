// SPDX-License-Identifier: LGPL-2.1-or-later
// Security contexts and the security attribute of messages.
#include "conformance/harness/identity.h"
#include "conformance/harness/ports.h"
#include "conformance/harness/requests.h"
#include "conformance/harness/thread.h"

namespace ntalpc::conformance {
namespace {

constexpr ULONG release = ALPC_MSGFLG_RELEASE_MESSAGE;
constexpr ULONG security_flag = ALPC_MESSAGE_SECURITY_ATTRIBUTE;
constexpr ULONG token_flag = ALPC_MESSAGE_TOKEN_ATTRIBUTE;
constexpr ULONG context_flag = ALPC_MESSAGE_CONTEXT_ATTRIBUTE;

ALPC_HANDLE new_context() {
    return reinterpret_cast<ALPC_HANDLE>(static_cast<ULONG_PTR>(-2));
}

SECURITY_QUALITY_OF_SERVICE quality(SECURITY_IMPERSONATION_LEVEL level,
                                    BOOLEAN tracking = SECURITY_STATIC_TRACKING) {
    SECURITY_QUALITY_OF_SERVICE result = port_attributes().SecurityQos;
    result.ImpersonationLevel = level;
    result.ContextTrackingMode = tracking;
    result.EffectiveOnly = FALSE;
    return result;
}

NTSTATUS create_context(const Port& port, ALPC_HANDLE* context,
                        SECURITY_QUALITY_OF_SERVICE how = quality(SecurityImpersonation)) {
    ALPC_SECURITY_ATTR attribute{};
    attribute.QoS = &how;
    const NTSTATUS status = api().NtAlpcCreateSecurityContext(port.get(), ULONG{0}, &attribute);
    *context = attribute.ContextHandle;
    return status;
}

NTSTATUS delete_context(const Port& port, ALPC_HANDLE context) {
    return api().NtAlpcDeleteSecurityContext(port.get(), ULONG{0}, context);
}

NTSTATUS revoke_context(const Port& port, ALPC_HANDLE context) {
    return api().NtAlpcRevokeSecurityContext(port.get(), ULONG{0}, context);
}

NTSTATUS impersonate(const Port& port, Message<>& message) {
    return api().NtAlpcImpersonateClientOfPort(port.get(), message.get(), ULONG{0});
}

// A message's attributes with a context attached.
struct Attached {
    explicit Attached(ALPC_HANDLE context, ULONG flags = 0) : attributes(security_flag) {
        attributes.security().Flags = flags;
        attributes.security().QoS = &how;
        attributes.security().ContextHandle = context;
        attributes.set_valid(security_flag);
    }
    SECURITY_QUALITY_OF_SERVICE how = quality(SecurityImpersonation);
    Attributes attributes;
};

NTSTATUS send_with(const Port& port, Attached& attached, ULONG flags = 0) {
    Message<> message("request");
    return send(port, message.get(), flags, attached.attributes.get());
}

ALPC_TEST(SecurityContexts, CreateAndDelete, "S06", "CSK, P0", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ALPC_HANDLE context = nullptr;
    ASSERT_STATUS(STATUS_SUCCESS, create_context(connection.client, &context));
    EXPECT_NE(context, nullptr);
    EXPECT_STATUS(STATUS_SUCCESS, delete_context(connection.client, context));
    EXPECT_FAILURE(delete_context(connection.client, context));
}

ALPC_TEST(SecurityContexts, CreateRevokeDeleteOnAnUnconnectedPort, "6.4", "ROS-tests", medium) {
    const Port port = create_port(port_name());
    ALPC_HANDLE context = nullptr;
    ASSERT_STATUS(STATUS_SUCCESS, create_context(port, &context));
    EXPECT_STATUS(STATUS_SUCCESS, revoke_context(port, context));
    EXPECT_STATUS(STATUS_SUCCESS, delete_context(port, context));
}

ALPC_TEST(SecurityContexts, FlagsAreReserved, "1.1", "phnt", medium) {
    const Port port = create_port(port_name());
    SECURITY_QUALITY_OF_SERVICE how = quality(SecurityImpersonation);
    ALPC_SECURITY_ATTR attribute{};
    attribute.QoS = &how;
    EXPECT_STATUS(STATUS_INVALID_PARAMETER,
                  api().NtAlpcCreateSecurityContext(port.get(), ULONG{1}, &attribute));
    ALPC_HANDLE context = nullptr;
    ASSERT_STATUS(STATUS_SUCCESS, create_context(port, &context));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, api().NtAlpcRevokeSecurityContext(port.get(), ULONG{1}, context));
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, api().NtAlpcDeleteSecurityContext(port.get(), ULONG{1}, context));
}

ALPC_TEST(SecurityContexts, QualityIsNotOptional, "5.3", "inferred", medium) {
    const Port port = create_port(port_name());
    ALPC_SECURITY_ATTR attribute{};
    EXPECT_STATUS(STATUS_ACCESS_VIOLATION,
                  api().NtAlpcCreateSecurityContext(port.get(), ULONG{0}, &attribute));
}

ALPC_TEST(SecurityContexts, ReceiverSeesTheHandle, "6.4", "ROS-tests", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ALPC_HANDLE context = nullptr;
    ASSERT_STATUS(STATUS_SUCCESS, create_context(connection.client, &context));
    Attached attached(context);
    ASSERT_STATUS(STATUS_SUCCESS, send_with(connection.client, attached));
    Message<> received;
    Attributes attributes(security_flag | token_flag);
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received, attributes.get()));
    EXPECT_EQ(attributes.valid(), security_flag | token_flag);
    EXPECT_EQ(attributes.security().ContextHandle, context);
}

ALPC_TEST(SecurityContexts, WithoutOneTheAttributeIsNotValid, "6.4", "ROS-tests", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("request"), received;
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
    Attributes attributes(security_flag);
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received, attributes.get()));
    EXPECT_EQ(attributes.valid() & security_flag, 0u);
}

// Either the port's flag or a context suffices.
ALPC_TEST(SecurityContexts, AllowsImpersonation, "10.2", "CSK", medium) {
    const Reverting reverting;
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ALPC_HANDLE context = nullptr;
    ASSERT_STATUS(STATUS_SUCCESS,
                  create_context(connection.client, &context, quality(SecurityIdentification)));
    Attached attached(context);
    ASSERT_STATUS(STATUS_SUCCESS, send_with(connection.client, attached));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_STATUS(STATUS_SUCCESS, impersonate(connection.server, received));
    if (have_tokens()) {
        EXPECT_EQ(thread_identity().level, SecurityIdentification);
    }
}

// The context of one message says nothing about the next.
ALPC_TEST(SecurityContexts, IsOfOneMessage, "10.1", "P0, WI", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Attached attached(new_context(), ALPC_SECFLG_CREATE_HANDLE);
    ASSERT_STATUS(STATUS_SUCCESS, send_with(connection.client, attached));
    Message<> message("plain"), received;
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    EXPECT_STATUS(STATUS_ACCESS_DENIED, impersonate(connection.server, received));
}

ALPC_TEST(SecurityContexts, ReplyShowsTheServersToken, "S07", "CSK", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ALPC_HANDLE context = nullptr;
    ASSERT_STATUS(STATUS_SUCCESS, create_context(connection.listener, &context));
    Message<> message("request"), received, answered;
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    auto reply = Message<>::answer(received, "reply");
    Attached attached(context);
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.listener, reply.get(), 0, attached.attributes.get()));
    Attributes attributes(security_flag | token_flag | context_flag);
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.client, answered, attributes.get()));
    EXPECT_EQ(attributes.valid(), security_flag | token_flag | context_flag);
    if (have_tokens()) {
        EXPECT_EQ(attributes.token().ModifiedId.LowPart, process_token_modified_id().LowPart);
    }
}

ALPC_TEST(SecurityContexts, PlainReplyShowsNoToken, "12", "CSK", high) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("request"), received, answered;
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    auto reply = Message<>::answer(received, "reply");
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.listener, reply.get(), release));
    Attributes attributes(security_flag | token_flag);
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.client, answered, attributes.get()));
    EXPECT_EQ(attributes.valid() & (security_flag | token_flag), 0u);
}

// The other way round: what the server attaches lets the client act as the server.
ALPC_TEST(SecurityContexts, ClientActsAsTheServer, "10.2", "CSK", medium) {
    const Reverting reverting;
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Message<> message("request"), received, answered;
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.client, message.get(), 0));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    auto reply = Message<>::answer(received, "go on");
    Attached attached(new_context(), ALPC_SECFLG_CREATE_HANDLE);
    ASSERT_STATUS(STATUS_SUCCESS, send(connection.server, reply.get(), 0, attached.attributes.get()));
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.client, answered));
    EXPECT_STATUS(STATUS_SUCCESS, impersonate(connection.client, answered));
}

ALPC_TEST(SecurityContexts, DeletedOneCannotBeSent, "S08", "inferred", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ALPC_HANDLE context = nullptr;
    ASSERT_STATUS(STATUS_SUCCESS, create_context(connection.client, &context));
    ASSERT_STATUS(STATUS_SUCCESS, delete_context(connection.client, context));
    Attached attached(context);
    EXPECT_FAILURE(send_with(connection.client, attached));
}

ALPC_TEST(SecurityContexts, IsMadeWhileSending, "S09", "phnt", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Attached attached(new_context(), ALPC_SECFLG_CREATE_HANDLE);
    ASSERT_STATUS(STATUS_SUCCESS, send_with(connection.client, attached));
    const ALPC_HANDLE context = attached.attributes.security().ContextHandle;
    EXPECT_NE(context, new_context());
    Message<> received;
    Attributes attributes(security_flag);
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received, attributes.get()));
    EXPECT_EQ(attributes.security().ContextHandle, context);
    EXPECT_STATUS(STATUS_SUCCESS, delete_context(connection.client, context));
}

ALPC_TEST(SecurityContexts, NewOneCannotBeReleased, "S10", "phnt", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    Attached attached(new_context(), ALPC_SECFLG_DELETE_EXISTING);
    EXPECT_STATUS(STATUS_INVALID_PARAMETER, send_with(connection.client, attached));
}

ALPC_TEST(SecurityContexts, IsReleasedWhileSending, "10.1", "phnt, NtApiDotNet", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ALPC_HANDLE context = nullptr;
    ASSERT_STATUS(STATUS_SUCCESS, create_context(connection.client, &context));
    Attached attached(context, ALPC_SECFLG_DELETE_EXISTING);
    ASSERT_STATUS(STATUS_SUCCESS, send_with(connection.client, attached));
    EXPECT_FAILURE(delete_context(connection.client, context));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    const Reverting reverting;
    EXPECT_STATUS(STATUS_SUCCESS, impersonate(connection.server, received));
}

ALPC_TEST(SecurityContexts, RevokedOneIsOfNoUse, "10.1", "WI, phnt", low) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ALPC_HANDLE context = nullptr;
    ASSERT_STATUS(STATUS_SUCCESS, create_context(connection.client, &context));
    Attached attached(context);
    ASSERT_STATUS(STATUS_SUCCESS, send_with(connection.client, attached));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS, revoke_context(connection.client, context));
    EXPECT_FAILURE(impersonate(connection.server, received));
    EXPECT_FAILURE(send_with(connection.client, attached));
    EXPECT_STATUS(STATUS_SUCCESS, delete_context(connection.client, context));
}

ALPC_TEST(SecurityContexts, IsGoodAtItsOwnPortOnly, "10.1", "inferred", medium) {
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    const Port other = create_port(port_name("other"));
    ALPC_HANDLE context = nullptr;
    ASSERT_STATUS(STATUS_SUCCESS, create_context(other, &context));
    Attached attached(context);
    EXPECT_FAILURE(send_with(connection.client, attached));
}

ALPC_TEST(SecurityContexts, StaticOneKeepsTheIdentity, "10.2", "CSK, P0", medium) {
    const Reverting reverting;
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    act_as_somebody(SecurityImpersonation);
    ALPC_HANDLE context = nullptr;
    EXPECT_STATUS(STATUS_SUCCESS, create_context(connection.client, &context));
    act_as_oneself();
    Attached attached(context);
    ASSERT_STATUS(STATUS_SUCCESS, send_with(connection.client, attached));
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS, impersonate(connection.server, received));
    EXPECT_TRUE(is_somebody(thread_identity()));
}

ALPC_TEST(SecurityContexts, DynamicOneTakesTheIdentityOfTheSend, "10.2", "CSK", medium) {
    const Reverting reverting;
    Connection connection;
    ASSERT_NO_FATAL_FAILURE(make_connection(connection));
    ALPC_HANDLE context = nullptr;
    ASSERT_STATUS(STATUS_SUCCESS, create_context(connection.client, &context,
                                                 quality(SecurityImpersonation, SECURITY_DYNAMIC_TRACKING)));
    act_as_somebody(SecurityImpersonation);
    Attached attached(context);
    EXPECT_STATUS(STATUS_SUCCESS, send_with(connection.client, attached));
    act_as_oneself();
    Message<> received;
    ASSERT_STATUS(STATUS_SUCCESS, receive(connection.listener, received));
    ASSERT_STATUS(STATUS_SUCCESS, impersonate(connection.server, received));
    EXPECT_TRUE(is_somebody(thread_identity()));
}

// On a connection request and on its answer a context goes as with any message.
ALPC_TEST(SecurityContexts, WithTheConnectionRequestAndItsReply, "4.2", "CSK", medium) {
    const std::string name = port_name();
    const Port listener = create_port(name);
    Name target(name);
    Attached asking(new_context(), ALPC_SECFLG_CREATE_HANDLE),
        answering(new_context(), ALPC_SECFLG_CREATE_HANDLE);
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    Port client, server;
    ASSERT_STATUS(STATUS_SUCCESS, api().NtAlpcConnectPort(client.put(), target.get(), POBJECT_ATTRIBUTES{},
                                                          &attributes, ULONG{0}, PSID{}, PPORT_MESSAGE{},
                                                          PSIZE_T{}, asking.attributes.get(),
                                                          PALPC_MESSAGE_ATTRIBUTES{}, PLARGE_INTEGER{}));
    EXPECT_NE(asking.attributes.security().ContextHandle, new_context());
    Message<> request, reply;
    Attributes seen(security_flag | token_flag);
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request, seen.get()));
    EXPECT_EQ(seen.valid(), security_flag | token_flag);
    ASSERT_STATUS(STATUS_SUCCESS,
                  api().NtAlpcAcceptConnectPort(server.put(), listener.get(), ULONG{0}, POBJECT_ATTRIBUTES{},
                                                &attributes, PVOID{}, request.get(),
                                                answering.attributes.get(), BOOLEAN{TRUE}));
    EXPECT_NE(answering.attributes.security().ContextHandle, new_context());
    ASSERT_STATUS(STATUS_SUCCESS, receive(client, reply, seen.get()));
    EXPECT_EQ(seen.valid(), security_flag | token_flag);
}

ALPC_TEST(SecurityContexts, AttachedOnAccept, "N14", "CSK screenshot", high) {
    const std::string name = port_name();
    const Port listener = create_port(name);
    Port client;
    Attributes seen(ALPC_MESSAGE_ATTRIBUTE_ALL);
    auto connecting = connect_in_thread(name, client, seen);
    Message<> request;
    ASSERT_STATUS(STATUS_SUCCESS, receive(listener, request));
    Attached answering(new_context(), ALPC_SECFLG_CREATE_HANDLE);
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    Port server;
    ASSERT_STATUS(STATUS_SUCCESS,
                  api().NtAlpcAcceptConnectPort(server.put(), listener.get(), ULONG{0}, POBJECT_ATTRIBUTES{},
                                                &attributes, PVOID{}, request.get(),
                                                answering.attributes.get(), BOOLEAN{TRUE}));
    ASSERT_STATUS(STATUS_SUCCESS, connecting.join());
    EXPECT_EQ(seen.valid(), token_flag | security_flag | context_flag);
}

}  // namespace
}  // namespace ntalpc::conformance
