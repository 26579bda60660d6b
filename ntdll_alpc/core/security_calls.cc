// SPDX-License-Identifier: LGPL-2.1-or-later
// The calls about security contexts, and those by which a server acts as its client.
#include "core/call_scope.h"
#include "core/capture.h"
#include "core/host_impersonation.h"
#include "core/security_attribute.h"
#include "generated/core_calls.h"

namespace ntalpc::core {

NTSTATUS NtAlpcCreateSecurityContext(HANDLE PortHandle, ULONG Flags, PALPC_SECURITY_ATTR SecurityAttribute) {
    if (Flags != 0) return STATUS_INVALID_PARAMETER;
    ALPC_SECURITY_ATTR given;
    wire::MessageAttributes quality;
    NTSTATUS status = read(SecurityAttribute, &given);
    if (status == STATUS_SUCCESS) status = probe_for_write(SecurityAttribute);
    if (status == STATUS_SUCCESS) status = capture_quality(given.QoS, &quality);
    if (status != STATUS_SUCCESS) return status;
    wire::CreateSecurityContext::Request request;
    wire::CreateSecurityContext::Reply reply;
    wire::CreateSecurityContext::ReplyBlobs blobs;
    request.level = quality.security_level;
    request.dynamic = quality.security_dynamic;
    request.effective_only = quality.security_effective_only;
    CallScope scope;
    status = scope.connect(PortHandle, &request.handle);
    if (status == STATUS_SUCCESS && !request.dynamic) status = scope.keep_token();
    if (status == STATUS_SUCCESS) {
        status = scope.call<wire::CreateSecurityContext>(Blocking::no, request, {}, &reply, &blobs);
    }
    if (status != STATUS_SUCCESS) return status;
    given.ContextHandle = reinterpret_cast<ALPC_HANDLE>(static_cast<std::uintptr_t>(reply.context));
    return write(SecurityAttribute, given);
}

namespace {

NTSTATUS end_context(HANDLE port, ULONG flags, ALPC_HANDLE context, bool revoke) {
    if (flags != 0) return STATUS_INVALID_PARAMETER;
    wire::DeleteSecurityContext::Request request;
    wire::DeleteSecurityContext::Reply reply;
    wire::DeleteSecurityContext::ReplyBlobs blobs;
    request.context = reinterpret_cast<std::uintptr_t>(context);
    request.revoke = revoke ? 1 : 0;
    CallScope scope;
    const NTSTATUS status = scope.connect(port, &request.handle);
    if (status != STATUS_SUCCESS) return status;
    return scope.call<wire::DeleteSecurityContext>(Blocking::no, request, {}, &reply, &blobs);
}

}  // namespace

NTSTATUS NtAlpcDeleteSecurityContext(HANDLE PortHandle, ULONG Flags, ALPC_HANDLE ContextHandle) {
    return end_context(PortHandle, Flags, ContextHandle, false);
}

NTSTATUS NtAlpcRevokeSecurityContext(HANDLE PortHandle, ULONG Flags, ALPC_HANDLE ContextHandle) {
    return end_context(PortHandle, Flags, ContextHandle, true);
}

namespace {

NTSTATUS become(const wire::Impersonation& who) {
    return host::impersonate({.whom = static_cast<ImpersonatedToken>(who.whom),
                              .process_id = who.process_id,
                              .token = who.token,
                              .level = who.level,
                              .effective_only = who.effective_only != 0});
}

NTSTATUS impersonate(HANDLE port, PPORT_MESSAGE message, ULONG flags, bool container) {
    CapturedMessage named;
    NTSTATUS status = capture_message(message, &named);
    wire::AlpcImpersonate::Request request;
    wire::AlpcImpersonate::Reply reply;
    wire::AlpcImpersonate::ReplyBlobs blobs;
    request.flags = flags;
    request.container = container ? 1 : 0;
    request.message_id = named.header.message_id;
    request.callback_id = named.header.callback_id;
    CallScope scope;
    if (status == STATUS_SUCCESS) status = scope.connect(port, &request.handle);
    if (status == STATUS_SUCCESS) {
        status = scope.call<wire::AlpcImpersonate>(Blocking::no, request, {}, &reply, &blobs);
    }
    return status == STATUS_SUCCESS ? become(reply.who) : status;
}

}  // namespace

NTSTATUS NtAlpcImpersonateClientOfPort(HANDLE PortHandle, PPORT_MESSAGE Message, ULONG Flags) {
    return impersonate(PortHandle, Message, Flags, false);
}

NTSTATUS NtAlpcImpersonateClientContainerOfPort(HANDLE PortHandle, PPORT_MESSAGE Message, ULONG Flags) {
    return impersonate(PortHandle, Message, Flags, true);
}

NTSTATUS NtImpersonateClientOfPort(HANDLE PortHandle, PPORT_MESSAGE Message) {
    CapturedMessage message;
    NTSTATUS status = capture_message(Message, &message);
    wire::LpcImpersonate::Request request;
    wire::LpcImpersonate::Reply reply;
    wire::LpcImpersonate::ReplyBlobs blobs;
    request.message_id = message.header.message_id;
    request.process_id = message.header.process_id;
    request.thread_id = message.header.thread_id;
    CallScope scope;
    if (status == STATUS_SUCCESS) status = scope.connect(PortHandle, &request.handle);
    if (status == STATUS_SUCCESS) {
        status = scope.call<wire::LpcImpersonate>(Blocking::no, request, {}, &reply, &blobs);
    }
    return status == STATUS_SUCCESS ? become(reply.who) : status;
}

}  // namespace ntalpc::core
