// SPDX-License-Identifier: LGPL-2.1-or-later
// Cancelling messages, and memory reserved for them.
#include "core/call_scope.h"
#include "core/capture.h"
#include "generated/core_calls.h"

namespace ntalpc::core {

namespace {

constexpr ULONG kKnownCancelFlags = ALPC_CANCELFLG_TRY_CANCEL | 0x2 | ALPC_CANCELFLG_RESERVED_CAPTURE32 |
                                    ALPC_CANCELFLG_NO_CONTEXT_CHECK | ALPC_CANCELFLG_FLUSH;

// ALPC_CONTEXT_ATTR of a 32-bit program.
struct Context32 {
    ULONG port_context;
    ULONG message_context;
    ULONG sequence;
    ULONG message_id;
    ULONG callback_id;
};

NTSTATUS capture_context(ULONG flags, PALPC_CONTEXT_ATTR from, wire::MessageAttributes* context) {
    if (flags & ALPC_CANCELFLG_RESERVED_CAPTURE32) {
        Context32 given;
        const NTSTATUS status = read(reinterpret_cast<const Context32*>(from), &given);
        if (status != STATUS_SUCCESS) return status;
        context->message_context = given.message_context;
        context->sequence = given.sequence;
        context->message_id = given.message_id;
        context->callback_id = given.callback_id;
        return STATUS_SUCCESS;
    }
    ALPC_CONTEXT_ATTR given;
    const NTSTATUS status = read(from, &given);
    if (status != STATUS_SUCCESS) return status;
    context->message_context = reinterpret_cast<std::uintptr_t>(given.MessageContext);
    context->sequence = given.Sequence;
    context->message_id = given.MessageId;
    context->callback_id = given.CallbackId;
    return STATUS_SUCCESS;
}

}  // namespace

// The order of the checks is that of a fork's tests: flags, then the id, then the handle.
NTSTATUS NtAlpcCancelMessage(HANDLE PortHandle, ULONG Flags, PALPC_CONTEXT_ATTR MessageContext) {
    if (Flags & ~kKnownCancelFlags) return STATUS_INVALID_PARAMETER;
    wire::CancelMessage::Request request;
    wire::CancelMessage::Reply reply;
    wire::CancelMessage::ReplyBlobs blobs;
    NTSTATUS status = capture_context(Flags, MessageContext, &request.context);
    if (status != STATUS_SUCCESS) return status;
    if (request.context.message_id == 0) return STATUS_MESSAGE_NOT_FOUND;
    request.flags = Flags;
    CallScope scope;
    if (status = scope.connect(PortHandle, &request.handle); status != STATUS_SUCCESS) return status;
    return scope.call<wire::CancelMessage>(Blocking::no, request, {}, &reply, &blobs);
}

NTSTATUS NtAlpcCreateResourceReserve(HANDLE PortHandle, ULONG Flags, SIZE_T MessageSize, PULONG ResourceId) {
    if (Flags != 0) return STATUS_INVALID_PARAMETER;
    wire::CreateReserve::Request request;
    wire::CreateReserve::Reply reply;
    wire::CreateReserve::ReplyBlobs blobs;
    request.message_size = MessageSize;
    NTSTATUS status = probe_for_write(ResourceId);
    CallScope scope;
    if (status == STATUS_SUCCESS) status = scope.connect(PortHandle, &request.handle);
    if (status == STATUS_SUCCESS) {
        status = scope.call<wire::CreateReserve>(Blocking::no, request, {}, &reply, &blobs);
    }
    // Only 32 bits are written, whatever the caller's declaration says (a fork's tests).
    return status == STATUS_SUCCESS ? write(ResourceId, ULONG{reply.resource_id}) : status;
}

NTSTATUS NtAlpcDeleteResourceReserve(HANDLE PortHandle, ULONG Flags, ULONG ResourceId) {
    if (Flags != 0) return STATUS_INVALID_PARAMETER;
    wire::DeleteReserve::Request request;
    wire::DeleteReserve::Reply reply;
    wire::DeleteReserve::ReplyBlobs blobs;
    request.resource_id = ResourceId;
    CallScope scope;
    const NTSTATUS status = scope.connect(PortHandle, &request.handle);
    if (status != STATUS_SUCCESS) return status;
    return scope.call<wire::DeleteReserve>(Blocking::no, request, {}, &reply, &blobs);
}

}  // namespace ntalpc::core
