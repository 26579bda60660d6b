// SPDX-License-Identifier: LGPL-2.1-or-later
// NtAlpcSendWaitReceivePort, the one data-path call.
#include <algorithm>

#include "core/call_scope.h"
#include "core/capture.h"
#include "core/completion_list_pump.h"
#include "core/direct_attribute.h"
#include "core/direct_call.h"
#include "core/handle_attribute.h"
#include "core/security_attribute.h"
#include "core/view_attribute.h"
#include "generated/core_calls.h"

namespace ntalpc::core {

namespace {

// No message is longer than its 16-bit total length, so no more of a receive buffer is ever written.
constexpr SIZE_T kMaxTotalLength = 0xFFFF;

struct Arguments {
    HANDLE port;
    ULONG flags;
    PPORT_MESSAGE send_message;
    PALPC_MESSAGE_ATTRIBUTES send_attributes;
    PPORT_MESSAGE receive_message;
    PSIZE_T buffer_length;
    PALPC_MESSAGE_ATTRIBUTES receive_attributes;
    PLARGE_INTEGER timeout;
};

NTSTATUS capture_sending(const Arguments& arguments, wire::SendWaitReceive::Request* request,
                         wire::Bytes* data, std::vector<HandleToPass>* handles) {
    if (!arguments.send_message) return STATUS_SUCCESS;
    CapturedMessage message;
    if (const NTSTATUS status = capture_message(arguments.send_message, &message); status != STATUS_SUCCESS)
        return status;
    request->has_send = 1;
    request->message = message.header;
    *data = message.data;
    if (message.header.total_length < sizeof(PORT_MESSAGE) + message.header.data_length)
        return STATUS_INVALID_PARAMETER;
    const NTSTATUS status = capture_send_attributes(arguments.send_attributes, &request->send_attributes);
    if (status != STATUS_SUCCESS) return status;
    return capture_handles(arguments.send_attributes, request->send_attributes, handles);
}

NTSTATUS capture_receiving(const Arguments& arguments, wire::SendWaitReceive::Request* request) {
    if (!arguments.receive_message) return STATUS_SUCCESS;
    request->has_receive = 1;
    request->receive_capacity = kMaxTotalLength;
    NTSTATUS status = STATUS_SUCCESS;
    if (arguments.buffer_length) {
        SIZE_T capacity;
        status = read(arguments.buffer_length, &capacity);
        request->receive_capacity = static_cast<std::uint32_t>(std::min(capacity, kMaxTotalLength));
        if (status == STATUS_SUCCESS) status = probe_for_write(arguments.buffer_length);
        if (status == STATUS_SUCCESS)
            status = probe_for_write(arguments.receive_message, request->receive_capacity);
    } else {
        status = probe_for_write(arguments.receive_message);
    }
    if (status == STATUS_SUCCESS)
        status = capture_receive_attributes(arguments.receive_attributes, &request->receive_attributes);
    return status;
}

bool was_sent(const wire::SendWaitReceive::Request& request, const wire::SendWaitReceive::Reply& reply) {
    return request.has_send && reply.sent_attributes.message_id != 0;
}

NTSTATUS write_results(Channel& channel, const Arguments& arguments,
                       const wire::SendWaitReceive::Request& request, NTSTATUS outcome,
                       wire::SendWaitReceive::Reply& reply, wire::Bytes data, UniqueFd memory) {
    if (was_sent(request, reply) && (request.send_attributes.valid & ALPC_MESSAGE_CONTEXT_ATTRIBUTE)) {
        const NTSTATUS status = write_sent_context(arguments.send_attributes, reply.sent_attributes);
        if (status != STATUS_SUCCESS) return status;
    }
    if (was_sent(request, reply)) {
        const NTSTATUS status = write_new_context(arguments.send_attributes, request.send_attributes,
                                                  reply.sent_attributes.security_context);
        if (status != STATUS_SUCCESS) return status;
    }
    // A receive that succeeds leaves the length alone; one that fails for want of room says how much it
    // takes.
    if (outcome == STATUS_BUFFER_TOO_SMALL && arguments.buffer_length) {
        const NTSTATUS status = write(arguments.buffer_length, SIZE_T{reply.receive_length});
        if (status != STATUS_SUCCESS) return status;
    }
    if (!reply.has_message) return outcome;
    if (const NTSTATUS status = write_message(arguments.receive_message, reply.message, data);
        status != STATUS_SUCCESS)
        return status;
    const bool mapped = map_received_view(channel, arguments.port, std::move(memory), &reply.attributes);
    const ReceivedMessage received{request.handle, reply.message.message_id, reply.message.callback_id};
    const NTSTATUS status =
        write_received_attributes(arguments.receive_attributes, reply.attributes, received);
    if (!mapped) give_up_view(channel, reply.attributes.view);
    return status != STATUS_SUCCESS ? status : outcome;
}

// What follows when a call has its result, now or later.
NTSTATUS finish(Channel& channel, const Arguments& arguments, const wire::SendWaitReceive::Request& request,
                const OutgoingView& view, NTSTATUS outcome, wire::SendWaitReceive::Reply& reply,
                wire::Bytes data, Descriptors& descriptors) {
    const NTSTATUS result =
        write_results(channel, arguments, request, outcome, reply, data, std::move(descriptors[0]));
    view.finish(channel, was_sent(request, reply));
    Leases::instance().offered({channel.generation(), request.handle}, reply.lease);
    return result;
}

// There are messages in the port's completion list, so nothing is received here.
NTSTATUS send_and_check_list(CallScope& scope, const Arguments& arguments,
                             wire::SendWaitReceive::Request& request,
                             const wire::SendWaitReceive::RequestBlobs& blobs, const OutgoingView& view) {
    if (!request.has_send) return STATUS_ALPC_CHECK_COMPLETION_LIST;
    wire::SendWaitReceive::Reply reply;
    wire::SendWaitReceive::ReplyBlobs reply_blobs;
    request.has_receive = 0;
    NTSTATUS status = scope.call<wire::SendWaitReceive>(Blocking::no, request, blobs, &reply, &reply_blobs);
    status = write_results(scope.channel(), arguments, request, status, reply, reply_blobs.data, UniqueFd());
    view.finish(scope.channel(), was_sent(request, reply));
    return status == STATUS_SUCCESS ? STATUS_ALPC_CHECK_COMPLETION_LIST : status;
}

}  // namespace

NTSTATUS NtAlpcSendWaitReceivePort(HANDLE PortHandle, ULONG Flags, PPORT_MESSAGE SendMessage,
                                   PALPC_MESSAGE_ATTRIBUTES SendMessageAttributes,
                                   PPORT_MESSAGE ReceiveMessage, PSIZE_T BufferLength,
                                   PALPC_MESSAGE_ATTRIBUTES ReceiveMessageAttributes,
                                   PLARGE_INTEGER Timeout) {
    const Arguments arguments{PortHandle,
                              Flags,
                              SendMessage,
                              SendMessageAttributes,
                              ReceiveMessage,
                              BufferLength,
                              ReceiveMessageAttributes,
                              Timeout};
    wire::SendWaitReceive::Request request;
    wire::SendWaitReceive::RequestBlobs blobs;
    std::vector<HandleToPass> handles;
    request.flags = Flags;
    NTSTATUS status = capture_timeout(Timeout, &request.timeout);
    if (status == STATUS_SUCCESS) status = capture_sending(arguments, &request, &blobs.data, &handles);
    if (status == STATUS_SUCCESS) status = capture_receiving(arguments, &request);
    if (status != STATUS_SUCCESS) return status;
    CallScope scope;
    if (status = scope.connect(PortHandle, &request.handle); status != STATUS_SUCCESS) return status;
    if (takes_token(request.send_attributes)) status = scope.keep_token();
    if (status != STATUS_SUCCESS) return status;
    // Before anything is prepared for the message, since the next request must be the one that uses it.
    PortLeases leases = Leases::instance().at(scope, {scope.channel().generation(), request.handle});
    OutgoingView view;
    if (status = view.prepare(scope, &request.send_attributes); status != STATUS_SUCCESS) return status;
    if (request.send_attributes.valid & ALPC_MESSAGE_DIRECT_ATTRIBUTE)
        status = prepare_direct_event(scope, SendMessageAttributes, request.send_attributes);
    if (status == STATUS_SUCCESS)
        status = attach_handles(scope, {request.handle, request.message.message_id, {}, {}}, handles);
    if (status != STATUS_SUCCESS) {
        view.finish(scope.channel(), false);
        return status;
    }
    const bool from_queue = request.has_receive && !(Flags & ALPC_MSGFLG_SYNC_REQUEST);
    if (from_queue) {
        const ListLook look = look_at_completion_list(scope.channel(), request.handle);
        if (look.has_messages) return send_and_check_list(scope, arguments, request, blobs, view);
        request.list_posts = look.posts;
    }
    const bool waits = request.has_receive && request.timeout != 0;
    if (waits && blocking_of(Flags) == Blocking::leaving) {
        return scope.call_then<wire::SendWaitReceive>(
            Blocking::leaving, request, blobs,
            [&channel = scope.channel(), arguments, request, view](
                NTSTATUS outcome, auto& reply, const auto& reply_blobs, Descriptors descriptors) {
                return finish(channel, arguments, request, view, outcome, reply, reply_blobs.data,
                              descriptors);
            });
    }
    DirectCall direct(scope, std::move(leases), request, blobs.data);
    bool over = direct.run();
    while (!over) {
        wire::SendWaitReceive::ReplyBlobs reply_blobs;
        auto& received = direct.received;
        received.reply = {};
        auto remaining = direct.remaining();
        received.status = scope.call<wire::SendWaitReceive>(
            waits ? Blocking::yes : Blocking::no, remaining,
            remaining.has_send ? blobs : wire::SendWaitReceive::RequestBlobs(), &received.reply, &reply_blobs,
            received.descriptors);
        received.data = reply_blobs.data;
        over = received.reply.lease != kLookAtLeases || direct.look_again();
    }
    direct.complete(&direct.received.reply);
    const std::uint32_t offered = direct.received.reply.lease;
    status = finish(scope.channel(), arguments, request, view, direct.received.status, direct.received.reply,
                    direct.received.data, direct.received.descriptors);
    // At once, when everything else has been done: until a client takes part, the server keeps descriptors
    // for it.
    if (request.has_send && offered != 0)
        Leases::instance().at(scope, {scope.channel().generation(), request.handle});
    return status;
}

}  // namespace ntalpc::core
