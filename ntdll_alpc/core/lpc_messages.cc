// SPDX-License-Identifier: LGPL-2.1-or-later
// The legacy calls that send, reply and receive.
#include <algorithm>

#include "core/call_scope.h"
#include "core/capture.h"
#include "core/host_processes.h"
#include "generated/core_calls.h"
#include "ntalpc/lpc_action.h"

namespace ntalpc::core {

namespace {

// Type bits a user may not set, or that say nothing about what is sent.
constexpr std::uint16_t kIgnoredTypeBits = LPC_KERNELMODE_MESSAGE | LPC_NO_IMPERSONATE;

// DataLength is unsigned here, so a negative one is a huge one.
NTSTATUS capture_sending(PPORT_MESSAGE message, CapturedMessage* captured) {
    const NTSTATUS status = capture_message(message, captured);
    if (status != STATUS_SUCCESS) return status;
    const wire::PortMessage& header = captured->header;
    return std::size_t{header.data_length} + sizeof(PORT_MESSAGE) > header.total_length
               ? STATUS_INVALID_PARAMETER
               : STATUS_SUCCESS;
}

NTSTATUS capture_reply(PPORT_MESSAGE message, CapturedMessage* captured) {
    const NTSTATUS status = capture_sending(message, captured);
    if (status != STATUS_SUCCESS) return status;
    return captured->header.message_id == 0 ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

struct Exchange {
    HANDLE port;
    std::uint32_t action;
    const CapturedMessage* sent = nullptr;
    PPORT_MESSAGE receive = nullptr;
    PVOID* context = nullptr;
    std::int64_t timeout = -1;
};

NTSTATUS exchange(const Exchange& what) {
    wire::LpcMessage::Request request;
    wire::LpcMessage::RequestBlobs blobs;
    wire::LpcMessage::Reply reply;
    wire::LpcMessage::ReplyBlobs reply_blobs;
    request.action = what.action;
    request.timeout = what.timeout;
    if (what.sent) {
        request.message = what.sent->header;
        blobs.data = what.sent->data;
    }
    CallScope scope;
    NTSTATUS status = scope.connect(what.port, &request.handle);
    if (status != STATUS_SUCCESS) return status;
    const bool blocks = what.receive && what.timeout != 0;
    status = scope.call<wire::LpcMessage>(blocks ? Blocking::yes : Blocking::no, request, blobs, &reply,
                                          &reply_blobs);
    if (!reply.has_message) return status;
    NTSTATUS written = write_message(what.receive, reply.message, reply_blobs.data);
    if (written == STATUS_SUCCESS && what.context) {
        written =
            write(what.context, reinterpret_cast<PVOID>(static_cast<std::uintptr_t>(reply.port_context)));
    }
    return written != STATUS_SUCCESS ? written : status;
}

}  // namespace

NTSTATUS NtListenPort(HANDLE PortHandle, PPORT_MESSAGE ConnectionRequest) {
    const NTSTATUS status = probe_for_write(ConnectionRequest);
    if (status != STATUS_SUCCESS) return status;
    return exchange(
        {.port = PortHandle, .action = LpcAction::receive | LpcAction::listen, .receive = ConnectionRequest});
}

NTSTATUS NtRequestPort(HANDLE PortHandle, PPORT_MESSAGE RequestMessage) {
    CapturedMessage message;
    const NTSTATUS status = capture_sending(RequestMessage, &message);
    if (status != STATUS_SUCCESS) return status;
    if (message.header.data_info_offset != 0) return STATUS_INVALID_PARAMETER;
    message.header.message_id = 0;
    return exchange(
        {.port = PortHandle, .action = static_cast<std::uint32_t>(LpcAction::datagram), .sent = &message});
}

NTSTATUS NtRequestWaitReplyPort(HANDLE PortHandle, PPORT_MESSAGE RequestMessage, PPORT_MESSAGE ReplyMessage) {
    CapturedMessage message;
    NTSTATUS status = capture_sending(RequestMessage, &message);
    if (status == STATUS_SUCCESS) status = probe_for_write(ReplyMessage);
    if (status != STATUS_SUCCESS) return status;
    const std::uint16_t type = message.header.type & static_cast<std::uint16_t>(~kIgnoredTypeBits);
    if (type > LPC_REQUEST) return STATUS_INVALID_PARAMETER;
    // A received request sent back as a request is a callback inside it.
    const bool callback = type == LPC_REQUEST;
    if (callback && message.header.message_id == 0) return STATUS_INVALID_PARAMETER;
    if (!callback) message.header.message_id = 0;
    return exchange({.port = PortHandle,
                     .action = (callback ? LpcAction::callback : LpcAction::request) | LpcAction::wait_reply,
                     .sent = &message,
                     .receive = ReplyMessage});
}

NTSTATUS NtReplyPort(HANDLE PortHandle, PPORT_MESSAGE ReplyMessage) {
    CapturedMessage message;
    const NTSTATUS status = capture_reply(ReplyMessage, &message);
    if (status != STATUS_SUCCESS) return status;
    return exchange(
        {.port = PortHandle, .action = static_cast<std::uint32_t>(LpcAction::reply), .sent = &message});
}

NTSTATUS NtReplyWaitReplyPort(HANDLE PortHandle, PPORT_MESSAGE ReplyMessage) {
    CapturedMessage message;
    NTSTATUS status = capture_reply(ReplyMessage, &message);
    if (status == STATUS_SUCCESS) status = probe_for_write(ReplyMessage);
    if (status != STATUS_SUCCESS) return status;
    return exchange({.port = PortHandle,
                     .action = LpcAction::reply | LpcAction::wait_reply,
                     .sent = &message,
                     .receive = ReplyMessage});
}

NTSTATUS NtReplyWaitReceivePortEx(HANDLE PortHandle, PVOID* PortContext, PPORT_MESSAGE ReplyMessage,
                                  PPORT_MESSAGE ReceiveMessage, PLARGE_INTEGER Timeout) {
    CapturedMessage message;
    Exchange what{.port = PortHandle,
                  .action = static_cast<std::uint32_t>(LpcAction::receive),
                  .receive = ReceiveMessage,
                  .context = PortContext};
    NTSTATUS status = PortContext ? probe_for_write(PortContext) : STATUS_SUCCESS;
    if (status == STATUS_SUCCESS) status = capture_timeout(Timeout, &what.timeout);
    if (status == STATUS_SUCCESS) status = probe_for_write(ReceiveMessage);
    if (status == STATUS_SUCCESS && ReplyMessage) {
        status = capture_reply(ReplyMessage, &message);
        what.action = what.action | LpcAction::reply;
        what.sent = &message;
    }
    return status == STATUS_SUCCESS ? exchange(what) : status;
}

NTSTATUS NtReplyWaitReceivePort(HANDLE PortHandle, PVOID* PortContext, PPORT_MESSAGE ReplyMessage,
                                PPORT_MESSAGE ReceiveMessage) {
    return core::NtReplyWaitReceivePortEx(PortHandle, PortContext, ReplyMessage, ReceiveMessage, nullptr);
}

namespace {

struct DataTransfer {
    HANDLE port;
    PPORT_MESSAGE message;
    ULONG entry;
    std::byte* buffer;
    SIZE_T size;
    PSIZE_T moved;
    bool write;
};

NTSTATUS move_chunk(CallScope& scope, wire::RequestData::Request& request, const DataTransfer& transfer) {
    wire::RequestData::RequestBlobs blobs;
    wire::RequestData::Reply reply;
    wire::RequestData::ReplyBlobs reply_blobs;
    std::byte* const place = transfer.buffer + request.offset;
    if (transfer.write) blobs.data = {place, static_cast<std::size_t>(request.size)};
    const NTSTATUS status =
        scope.call<wire::RequestData>(Blocking::yes, request, blobs, &reply, &reply_blobs);
    if (status != STATUS_SUCCESS || transfer.write) return status;
    const bool copied = host::copy_to_program(place, reply_blobs.data.data(), reply_blobs.data.size());
    return copied ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

NTSTATUS move_request_data(const DataTransfer& transfer) {
    CapturedMessage message;
    wire::RequestData::Request request;
    NTSTATUS status = transfer.write ? STATUS_SUCCESS : probe_for_write(transfer.buffer, transfer.size);
    if (status == STATUS_SUCCESS) status = capture_message(transfer.message, &message);
    if (status == STATUS_SUCCESS && message.header.data_info_offset == 0) status = STATUS_INVALID_PARAMETER;
    CallScope scope;
    if (status == STATUS_SUCCESS) status = scope.connect(transfer.port, &request.handle);
    if (status != STATUS_SUCCESS) return status;
    request.message_id = message.header.message_id;
    request.process_id = message.header.process_id;
    request.thread_id = message.header.thread_id;
    request.entry = transfer.entry;
    request.write = transfer.write ? 1 : 0;
    // A size beyond the entry is refused before anything is moved, also when it takes several pieces.
    request.offset = transfer.size;
    if (transfer.size > kMaxDataChunk) status = move_chunk(scope, request, transfer);
    for (request.offset = 0; status == STATUS_SUCCESS;) {
        request.size = std::min<SIZE_T>(transfer.size - request.offset, kMaxDataChunk);
        status = move_chunk(scope, request, transfer);
        request.offset += request.size;
        if (request.offset == transfer.size) break;
    }
    if (status != STATUS_SUCCESS) return status;
    // A fault here is ignored, as the data has been moved (lpc-semantics 12.4).
    if (transfer.moved) host::copy_to_program(transfer.moved, &transfer.size, sizeof(transfer.size));
    return STATUS_SUCCESS;
}

}  // namespace

NTSTATUS NtReadRequestData(HANDLE PortHandle, PPORT_MESSAGE Message, ULONG DataEntryIndex, PVOID Buffer,
                           SIZE_T BufferSize, PSIZE_T NumberOfBytesRead) {
    return move_request_data({PortHandle, Message, DataEntryIndex, static_cast<std::byte*>(Buffer),
                              BufferSize, NumberOfBytesRead, false});
}

NTSTATUS NtWriteRequestData(HANDLE PortHandle, PPORT_MESSAGE Message, ULONG DataEntryIndex, PVOID Buffer,
                            SIZE_T BufferSize, PSIZE_T NumberOfBytesWritten) {
    return move_request_data({PortHandle, Message, DataEntryIndex, static_cast<std::byte*>(Buffer),
                              BufferSize, NumberOfBytesWritten, true});
}

NTSTATUS NtSetDefaultHardErrorPort(HANDLE DefaultHardErrorPort) {
    constexpr std::uint32_t se_tcb_privilege = 7;
    if (!host::has_privilege(se_tcb_privilege)) return STATUS_PRIVILEGE_NOT_HELD;
    wire::SetHardErrorPort::Request request;
    wire::SetHardErrorPort::Reply reply;
    wire::SetHardErrorPort::ReplyBlobs blobs;
    CallScope scope;
    const NTSTATUS status = scope.connect(DefaultHardErrorPort, &request.handle);
    if (status != STATUS_SUCCESS) return status;
    return scope.call<wire::SetHardErrorPort>(Blocking::no, request, {}, &reply, &blobs);
}

NTSTATUS NtRegisterThreadTerminatePort(HANDLE PortHandle) {
    wire::RegisterTerminationPort::Request request;
    wire::RegisterTerminationPort::Reply reply;
    wire::RegisterTerminationPort::ReplyBlobs blobs;
    CallScope scope;
    const NTSTATUS status = scope.connect(PortHandle, &request.handle);
    if (status != STATUS_SUCCESS) return status;
    return scope.call<wire::RegisterTerminationPort>(Blocking::no, request, {}, &reply, &blobs);
}

// Both layouts are undocumented; all that is known is that a valid port gives success and no handle gives
// this status (lpc-semantics 16, low confidence).
NTSTATUS NtQueryInformationPort(HANDLE PortHandle, PORT_INFORMATION_CLASS, PVOID PortInformation,
                                ULONG Length, PULONG ReturnLength) {
    if (!PortHandle) return STATUS_INVALID_INFO_CLASS;
    NTSTATUS status = Length ? probe_for_write(PortInformation, Length) : STATUS_SUCCESS;
    if (status == STATUS_SUCCESS && ReturnLength) status = probe_for_write(ReturnLength);
    if (status != STATUS_SUCCESS) return status;
    std::uint64_t id;
    CallScope scope;
    return scope.connect(PortHandle, &id);
}

// "Native Windows returns the constant 1" (a fork's tests).
ULONG NtQueryPortInformationProcess() {
    return 1;
}

}  // namespace ntalpc::core
