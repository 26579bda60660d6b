// SPDX-License-Identifier: LGPL-2.1-or-later
// NtAlpc calls that make, end and examine ports.
#include <algorithm>

#include "core/call_scope.h"
#include "core/capture.h"
#include "core/create_port.h"
#include "core/handle_attribute.h"
#include "core/leases.h"
#include "core/object_security.h"
#include "core/security_attribute.h"
#include "core/view_attribute.h"
#include "generated/core_calls.h"

namespace ntalpc::core {

namespace {

using wire::bytes_of;

// "The capacity is whatever the program has": a connect without a message has nowhere to put an answer, so
// any answer fits.
constexpr std::uint32_t kNoLimit = 0xFFFFFFFF;

struct ConnectArguments {
    PHANDLE port_handle = nullptr;
    ObjectName name{};
    std::uint32_t handle_attributes = 0;
    std::vector<std::byte> required_sid{};
    std::vector<std::byte> server_requirements{};  // a security descriptor; empty for none
    ULONG flags = 0;
    PPORT_MESSAGE message = nullptr;
    PSIZE_T buffer_length = nullptr;
    PALPC_MESSAGE_ATTRIBUTES out_attributes = nullptr;
    PALPC_MESSAGE_ATTRIBUTES in_attributes = nullptr;
};

// Everything the program points to is read and probed before the server hears of the call.
NTSTATUS capture_connect(const ConnectArguments& arguments, PALPC_PORT_ATTRIBUTES port_attributes,
                         PLARGE_INTEGER timeout, wire::ConnectPort::Request* request,
                         wire::ConnectPort::RequestBlobs* blobs) {
    request->flags = arguments.flags;
    NTSTATUS status = probe_for_write(arguments.port_handle);
    if (status == STATUS_SUCCESS) status = capture_port_attributes(port_attributes, &request->port);
    if (status == STATUS_SUCCESS) status = capture_timeout(timeout, &request->timeout);
    if (status == STATUS_SUCCESS)
        status = capture_send_attributes(arguments.out_attributes, &request->send_attributes);
    if (status == STATUS_SUCCESS)
        status = capture_receive_attributes(arguments.in_attributes, &request->receive_attributes);
    if (status != STATUS_SUCCESS) return status;
    request->message.total_length = sizeof(PORT_MESSAGE);
    request->reply_capacity = kNoLimit;
    if (arguments.message) {
        CapturedMessage message;
        if (status = capture_message(arguments.message, &message); status != STATUS_SUCCESS) return status;
        request->has_message = 1;
        request->message = message.header;
        blobs->data = message.data;
        // Without a length the answer may take what the request took.
        request->reply_capacity = message.header.total_length;
    }
    if (arguments.buffer_length) {
        SIZE_T capacity;
        if (status = read(arguments.buffer_length, &capacity); status != STATUS_SUCCESS) return status;
        request->reply_capacity = static_cast<std::uint32_t>(std::min<SIZE_T>(capacity, kNoLimit));
        status = probe_for_write(arguments.buffer_length);
    }
    const bool answered = arguments.message && (arguments.flags & ALPC_MSGFLG_SYNC_REQUEST);
    if (status == STATUS_SUCCESS && answered) {
        status = probe_for_write(arguments.message,
                                 std::min<std::size_t>(request->reply_capacity, wire::kMaxPacket));
    }
    return status;
}

NTSTATUS finish_connect(Channel& channel, const ConnectArguments& arguments, NTSTATUS status,
                        const wire::ConnectPort::Reply& reply, wire::Bytes data, Descriptors descriptors) {
    if (arguments.buffer_length && (reply.has_message || status == STATUS_BUFFER_TOO_SMALL)) {
        const NTSTATUS written = write(arguments.buffer_length, SIZE_T{reply.reply_length});
        if (written != STATUS_SUCCESS) return written;
    }
    if (status != STATUS_SUCCESS) return status;
    if (reply.has_message && arguments.message) {
        status = write_message(arguments.message, reply.message, data);
        if (status != STATUS_SUCCESS) return status;
    }
    HANDLE port;
    status = give_handle(channel, std::move(descriptors[0]), reply.handle, reply.access,
                         arguments.handle_attributes, arguments.port_handle, &port);
    if (status != STATUS_SUCCESS || !reply.has_message) return status;
    wire::MessageAttributes attributes = reply.attributes;
    const bool mapped = map_received_view(channel, port, std::move(descriptors[1]), &attributes);
    status = write_received_attributes(arguments.in_attributes, attributes,
                                       {reply.handle, reply.message.message_id, reply.message.callback_id});
    if (!mapped) give_up_view(channel, attributes.view);
    if (status != STATUS_SUCCESS) host::close_handle(port);
    return status;
}

NTSTATUS connect(const ConnectArguments& arguments, PALPC_PORT_ATTRIBUTES port_attributes,
                 PLARGE_INTEGER timeout) {
    wire::ConnectPort::Request request;
    wire::ConnectPort::RequestBlobs blobs;
    NTSTATUS status = capture_connect(arguments, port_attributes, timeout, &request, &blobs);
    if (status != STATUS_SUCCESS) return status;
    blobs.name = bytes_of(arguments.name.path);
    request.root = arguments.name.root;
    blobs.required_sid = arguments.required_sid;
    blobs.server_requirements = arguments.server_requirements;
    std::vector<HandleToPass> handles;
    status = capture_handles(arguments.out_attributes, request.send_attributes, &handles);
    if (status != STATUS_SUCCESS) return status;
    CallScope scope;
    if (status = scope.connect_to_living_server(); status != STATUS_SUCCESS) return status;
    if (takes_token(request.port) || takes_token(request.send_attributes)) status = scope.keep_token();
    if (status != STATUS_SUCCESS) return status;
    OutgoingView view;
    if (status = view.prepare(scope, &request.send_attributes); status != STATUS_SUCCESS) return status;
    status = attach_handles(scope, {.name = blobs.name, .root = request.root}, handles);
    if (status != STATUS_SUCCESS) {
        view.finish(scope.channel(), false);
        return status;
    }
    return scope.call_then<wire::ConnectPort>(
        blocking_of(arguments.flags), request, blobs,
        [&channel = scope.channel(), arguments, view, sent = request.send_attributes](
            NTSTATUS outcome, const auto& reply, const auto& reply_blobs, Descriptors descriptors) {
            const bool taken = outcome == STATUS_SUCCESS;
            if (taken) outcome = write_new_context(arguments.out_attributes, sent, reply.security_context);
            const NTSTATUS result =
                finish_connect(channel, arguments, outcome, reply, reply_blobs.data, std::move(descriptors));
            view.finish(channel, taken);
            Leases::instance().offered({channel.generation(), reply.handle}, reply.lease);
            return result;
        });
}

}  // namespace

NTSTATUS NtAlpcCreatePort(PHANDLE PortHandle, POBJECT_ATTRIBUTES ObjectAttributes,
                          PALPC_PORT_ATTRIBUTES PortAttributes) {
    ObjectName name;
    wire::CreatePort::Request request;
    NTSTATUS status = probe_for_write(PortHandle);
    if (status == STATUS_SUCCESS) status = capture_object_attributes(ObjectAttributes, &name);
    if (status == STATUS_SUCCESS) status = capture_port_attributes(PortAttributes, &request.port);
    if (status != STATUS_SUCCESS) return status;
    return create_port(request, name, PortHandle);
}

NTSTATUS NtAlpcConnectPort(PHANDLE PortHandle, PUNICODE_STRING PortName, POBJECT_ATTRIBUTES ObjectAttributes,
                           PALPC_PORT_ATTRIBUTES PortAttributes, ULONG Flags, PSID RequiredServerSid,
                           PPORT_MESSAGE ConnectionMessage, PSIZE_T BufferLength,
                           PALPC_MESSAGE_ATTRIBUTES OutMessageAttributes,
                           PALPC_MESSAGE_ATTRIBUTES InMessageAttributes, PLARGE_INTEGER Timeout) {
    ConnectArguments arguments{.port_handle = PortHandle,
                               .flags = Flags,
                               .message = ConnectionMessage,
                               .buffer_length = BufferLength,
                               .out_attributes = OutMessageAttributes,
                               .in_attributes = InMessageAttributes};
    ObjectName client;
    arguments.name.attributes = OBJ_CASE_INSENSITIVE;
    NTSTATUS status = capture_name(PortName, &arguments.name);
    if (status == STATUS_SUCCESS) status = capture_object_attributes(ObjectAttributes, &client);
    if (status == STATUS_SUCCESS) status = capture_sid(RequiredServerSid, &arguments.required_sid);
    if (status != STATUS_SUCCESS) return status;
    arguments.handle_attributes = client.attributes;
    return connect(arguments, PortAttributes, Timeout);
}

NTSTATUS NtAlpcConnectPortEx(PHANDLE PortHandle, POBJECT_ATTRIBUTES ConnectionPortObjectAttributes,
                             POBJECT_ATTRIBUTES ClientPortObjectAttributes,
                             PALPC_PORT_ATTRIBUTES PortAttributes, ULONG Flags,
                             PSECURITY_DESCRIPTOR ServerSecurityRequirements, PPORT_MESSAGE ConnectionMessage,
                             PSIZE_T BufferLength, PALPC_MESSAGE_ATTRIBUTES OutMessageAttributes,
                             PALPC_MESSAGE_ATTRIBUTES InMessageAttributes, PLARGE_INTEGER Timeout) {
    if (!ConnectionPortObjectAttributes) return STATUS_ACCESS_VIOLATION;
    ConnectArguments arguments{.port_handle = PortHandle,
                               .flags = Flags,
                               .message = ConnectionMessage,
                               .buffer_length = BufferLength,
                               .out_attributes = OutMessageAttributes,
                               .in_attributes = InMessageAttributes};
    ObjectName client;
    NTSTATUS status = capture_object_attributes(ConnectionPortObjectAttributes, &arguments.name);
    if (status == STATUS_SUCCESS) status = capture_object_attributes(ClientPortObjectAttributes, &client);
    if (status == STATUS_SUCCESS && ServerSecurityRequirements)
        status = capture_security_descriptor(ServerSecurityRequirements, &arguments.server_requirements);
    if (status != STATUS_SUCCESS) return status;
    arguments.handle_attributes = client.attributes;
    return connect(arguments, PortAttributes, Timeout);
}

// Of the flags a user may pass, only the two that say how a 32-bit caller lays out its structures have a
// meaning (phnt); they have none for a native caller.
NTSTATUS NtAlpcAcceptConnectPort(PHANDLE PortHandle, HANDLE ConnectionPortHandle, ULONG Flags,
                                 POBJECT_ATTRIBUTES ObjectAttributes, PALPC_PORT_ATTRIBUTES PortAttributes,
                                 PVOID PortContext, PPORT_MESSAGE ConnectionRequest,
                                 PALPC_MESSAGE_ATTRIBUTES ConnectionMessageAttributes,
                                 BOOLEAN AcceptConnection) {
    ObjectName name;
    CapturedMessage message;
    wire::AcceptPort::Request request;
    NTSTATUS status = AcceptConnection ? probe_for_write(PortHandle) : STATUS_SUCCESS;
    if (status == STATUS_SUCCESS) status = capture_object_attributes(ObjectAttributes, &name);
    if (status == STATUS_SUCCESS) status = capture_port_attributes(PortAttributes, &request.port);
    if (status == STATUS_SUCCESS) status = capture_message(ConnectionRequest, &message);
    if (status == STATUS_SUCCESS)
        status = capture_send_attributes(ConnectionMessageAttributes, &request.send_attributes);
    std::vector<HandleToPass> handles;
    if (status == STATUS_SUCCESS)
        status = capture_handles(ConnectionMessageAttributes, request.send_attributes, &handles);
    if (status != STATUS_SUCCESS) return status;
    request.flags = Flags;
    request.accept = AcceptConnection ? 1 : 0;
    request.port_context = reinterpret_cast<std::uintptr_t>(PortContext);
    request.message = message.header;
    CallScope scope;
    if (status = scope.connect(ConnectionPortHandle, &request.handle); status != STATUS_SUCCESS)
        return status;
    if (takes_token(request.send_attributes)) status = scope.keep_token();
    if (status != STATUS_SUCCESS) return status;
    OutgoingView view;
    if (status = view.prepare(scope, &request.send_attributes); status != STATUS_SUCCESS) return status;
    status = attach_handles(scope, {request.handle, message.header.message_id, {}, {}}, handles);
    if (status != STATUS_SUCCESS) {
        view.finish(scope.channel(), false);
        return status;
    }
    wire::AcceptPort::Reply reply;
    wire::AcceptPort::ReplyBlobs reply_blobs;
    UniqueFd capability;
    status = scope.call<wire::AcceptPort>(Blocking::no, request, {.data = message.data}, &reply, &reply_blobs,
                                          std::span(&capability, 1));
    view.finish(scope.channel(), status == STATUS_SUCCESS && AcceptConnection);
    if (status != STATUS_SUCCESS || !AcceptConnection) return status;
    status = write_new_context(ConnectionMessageAttributes, request.send_attributes, reply.security_context);
    if (status != STATUS_SUCCESS) return status;
    const PortKey port{scope.channel().generation(), request.handle};
    Leases::instance().offered(port, reply.lease);
    status =
        scope.give_handle(std::move(capability), reply.handle, reply.access, name.attributes, PortHandle);
    // The client may send at once.
    Leases::instance().at(scope, port);
    return status;
}

NTSTATUS NtAlpcDisconnectPort(HANDLE PortHandle, ULONG Flags) {
    wire::DisconnectPort::Request request;
    wire::DisconnectPort::Reply reply;
    wire::DisconnectPort::ReplyBlobs reply_blobs;
    request.flags = Flags;
    CallScope scope;
    if (const NTSTATUS status = scope.connect(PortHandle, &request.handle); status != STATUS_SUCCESS)
        return status;
    return scope.call<wire::DisconnectPort>(Blocking::no, request, {}, &reply, &reply_blobs);
}

}  // namespace ntalpc::core
