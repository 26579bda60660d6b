// SPDX-License-Identifier: LGPL-2.1-or-later
// Cancelling messages, and memory reserved for them.
#include "core/call_scope.h"
#include "core/capture.h"
#include "generated/core_calls.h"

namespace ntalpc::core {

namespace {

constexpr ULONG kKnownCancelFlags = ALPC_CANCELFLG_TRY_CANCEL | 0x2 | ALPC_CANCELFLG_RESERVED_CAPTURE32 |
                                    ALPC_CANCELFLG_NO_CONTEXT_CHECK | ALPC_CANCELFLG_FLUSH;

}  // namespace

// The order of the checks is that of a fork's tests: flags, then the id, then the handle.
NTSTATUS NtAlpcCancelMessage(HANDLE PortHandle, ULONG Flags, PALPC_CONTEXT_ATTR MessageContext) {
    if (Flags & ~kKnownCancelFlags) return STATUS_INVALID_PARAMETER;
    ALPC_CONTEXT_ATTR context;
    NTSTATUS status = read(MessageContext, &context);
    if (status != STATUS_SUCCESS) return status;
    if (context.MessageId == 0) return STATUS_MESSAGE_NOT_FOUND;
    wire::CancelMessage::Request request;
    wire::CancelMessage::Reply reply;
    wire::CancelMessage::ReplyBlobs blobs;
    request.flags = Flags;
    request.context.message_context = reinterpret_cast<std::uintptr_t>(context.MessageContext);
    request.context.sequence = context.Sequence;
    request.context.message_id = context.MessageId;
    request.context.callback_id = context.CallbackId;
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
