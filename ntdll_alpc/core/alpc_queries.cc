// SPDX-License-Identifier: LGPL-2.1-or-later
// NtAlpc calls that examine and adjust ports, messages and their senders.
#include <algorithm>
#include <cstring>

#include "core/associations.h"
#include "core/call_scope.h"
#include "core/capture.h"
#include "core/completion_list_pump.h"
#include "core/handle_attribute.h"
#include "core/host_processes.h"
#include "generated/core_calls.h"

namespace ntalpc::core {

namespace {

NTSTATUS not_implemented(const char* what) {
    host::log(host::LogLevel::fixme, what);
    return STATUS_NOT_IMPLEMENTED;
}

template <class T>
T handle_of(std::uint64_t number) {
    return reinterpret_cast<T>(static_cast<std::uintptr_t>(number));
}

// Writes an answer whose size is known, with the rules that all fixed-size classes share.
template <class T>
NTSTATUS write_answer(PVOID where, ULONG length, PULONG return_length, const T& answer) {
    NTSTATUS status = return_length ? write(return_length, ULONG{sizeof(T)}) : STATUS_SUCCESS;
    if (status == STATUS_SUCCESS && length < sizeof(T)) status = STATUS_INFO_LENGTH_MISMATCH;
    return status == STATUS_SUCCESS ? write(static_cast<T*>(where), answer) : status;
}

NTSTATUS query_basic(HANDLE port, PVOID information, ULONG length, PULONG return_length) {
    wire::QueryPort::Request request;
    wire::QueryPort::Reply reply;
    wire::QueryPort::ReplyBlobs blobs;
    CallScope scope;
    NTSTATUS status = scope.connect(port, &request.handle);
    if (status == STATUS_SUCCESS) {
        status = scope.call<wire::QueryPort>(Blocking::no, request, {}, &reply, &blobs);
    }
    if (status != STATUS_SUCCESS) return status;
    ALPC_BASIC_INFORMATION basic{};
    basic.Flags = reply.flags;
    basic.SequenceNo = reply.sequence;
    basic.PortContext = handle_of<PVOID>(reply.port_context);
    return write_answer(information, length, return_length, basic);
}

struct ConnectionFacts {
    wire::QueryConnection::Reply fixed;
    std::vector<std::byte> user_sid;
};

NTSTATUS query_connection(HANDLE port, ConnectionFacts* facts) {
    wire::QueryConnection::Request request;
    wire::QueryConnection::ReplyBlobs blobs;
    CallScope scope;
    NTSTATUS status = scope.connect(port, &request.handle);
    if (status == STATUS_SUCCESS) {
        status = scope.call<wire::QueryConnection>(Blocking::no, request, {}, &facts->fixed, &blobs);
    }
    facts->user_sid.assign(blobs.user_sid.begin(), blobs.user_sid.end());
    return status;
}

// The SID is an input: whether the connected server runs as it.
NTSTATUS check_connected_sid(HANDLE port, PVOID information) {
    std::vector<std::byte> expected;
    if (!information) return STATUS_ACCESS_VIOLATION;
    NTSTATUS status = capture_sid(information, &expected);
    ConnectionFacts facts;
    if (status == STATUS_SUCCESS) status = query_connection(port, &facts);
    if (status != STATUS_SUCCESS) return status;
    return expected == facts.user_sid ? STATUS_SUCCESS : STATUS_SERVER_SID_MISMATCH;
}

NTSTATUS query_session(HANDLE port, PVOID information, ULONG length, PULONG return_length) {
    ConnectionFacts facts;
    const NTSTATUS status = query_connection(port, &facts);
    if (status != STATUS_SUCCESS) return status;
    ALPC_SERVER_SESSION_INFORMATION session{};
    session.SessionId = facts.fixed.session_id;
    session.ProcessId = static_cast<ULONG>(facts.fixed.process_id);
    return write_answer(information, length, return_length, session);
}

// Which process a blocked thread waits for. Takes no port: the thread is named in the buffer, which the
// answer replaces; the name's characters follow the structure.
NTSTATUS query_server(PVOID information, ULONG length, PULONG return_length) {
    ALPC_SERVER_INFORMATION given{};
    if (length < sizeof(given)) return STATUS_INFO_LENGTH_MISMATCH;
    auto* const where = static_cast<ALPC_SERVER_INFORMATION*>(information);
    NTSTATUS status = read(where, &given);
    wire::QueryThread::Request request;
    wire::QueryThread::Reply reply;
    wire::QueryThread::ReplyBlobs blobs;
    if (status == STATUS_SUCCESS) {
        status = host::thread_ids(given.In.ThreadHandle, &request.process_id, &request.thread_id);
    }
    CallScope scope;
    if (status == STATUS_SUCCESS) status = scope.connect();
    if (status == STATUS_SUCCESS) {
        status = scope.call<wire::QueryThread>(Blocking::no, request, {}, &reply, &blobs);
    }
    if (status != STATUS_SUCCESS) return status;
    const auto needed = static_cast<ULONG>(sizeof(given) + blobs.name.size());
    if (return_length) status = write(return_length, needed);
    if (status == STATUS_SUCCESS && length < needed) status = STATUS_INFO_LENGTH_MISMATCH;
    if (status != STATUS_SUCCESS) return status;
    ALPC_SERVER_INFORMATION answer{};
    answer.Out.ThreadBlocked = reply.blocked != 0;
    answer.Out.ConnectedProcessId = handle_of<HANDLE>(reply.server_process_id);
    answer.Out.ConnectionPortName.Length = static_cast<USHORT>(blobs.name.size());
    answer.Out.ConnectionPortName.MaximumLength = static_cast<USHORT>(blobs.name.size());
    answer.Out.ConnectionPortName.Buffer = blobs.name.empty() ? nullptr : reinterpret_cast<PWSTR>(where + 1);
    if (!host::copy_to_program(where + 1, blobs.name.data(), blobs.name.size()))
        return STATUS_ACCESS_VIOLATION;
    return write(where, answer);
}

// The count is an input. The port has had that many messages sent through it with
// ALPC_MSGFLG_TRACK_PORT_REFERENCES when the call returns.
NTSTATUS wait_for_references(HANDLE port, PVOID information, ULONG length) {
    if (length != sizeof(ULONG)) return STATUS_INFO_LENGTH_MISMATCH;
    wire::WaitForReferences::Request request;
    wire::WaitForReferences::Reply reply;
    wire::WaitForReferences::ReplyBlobs blobs;
    NTSTATUS status = read(static_cast<const ULONG*>(information), &request.count);
    CallScope scope;
    if (status == STATUS_SUCCESS) status = scope.connect(port, &request.handle);
    if (status != STATUS_SUCCESS) return status;
    return scope.call<wire::WaitForReferences>(Blocking::yes, request, {}, &reply, &blobs);
}

}  // namespace

NTSTATUS NtAlpcQueryInformation(HANDLE PortHandle, ALPC_PORT_INFORMATION_CLASS PortInformationClass,
                                PVOID PortInformation, ULONG Length, PULONG ReturnLength) {
    switch (PortInformationClass) {
        case AlpcBasicInformation:
            return query_basic(PortHandle, PortInformation, Length, ReturnLength);
        case AlpcConnectedSIDInformation:
            return check_connected_sid(PortHandle, PortInformation);
        case AlpcServerInformation:
            return query_server(PortInformation, Length, ReturnLength);
        case AlpcServerSessionInformation:
            return query_session(PortHandle, PortInformation, Length, ReturnLength);
        case AlpcWaitForPortReferences:
            return wait_for_references(PortHandle, PortInformation, Length);
        default:
            return STATUS_INVALID_INFO_CLASS;
    }
}

namespace {

NTSTATUS set_attributes(HANDLE port, PVOID information, ULONG length) {
    if (length != sizeof(ALPC_PORT_ATTRIBUTES)) return STATUS_INFO_LENGTH_MISMATCH;
    if (!information) return STATUS_ACCESS_VIOLATION;
    wire::SetPort::Request request;
    wire::SetPort::Reply reply;
    wire::SetPort::ReplyBlobs blobs;
    NTSTATUS status = capture_port_attributes(static_cast<ALPC_PORT_ATTRIBUTES*>(information), &request.port);
    CallScope scope;
    if (status == STATUS_SUCCESS) status = scope.connect(port, &request.handle);
    if (status != STATUS_SUCCESS) return status;
    return scope.call<wire::SetPort>(Blocking::no, request, {}, &reply, &blobs);
}

// A zone is memory that a program lends to the kernel for its messages. Messages look the same with and
// without one, so nothing is done with it beyond what the program can see of the call.
NTSTATUS set_message_zone(HANDLE port, PVOID information, ULONG length) {
    ALPC_PORT_MESSAGE_ZONE_INFORMATION zone{};
    if (length != sizeof(zone)) return STATUS_INFO_LENGTH_MISMATCH;
    NTSTATUS status = read(static_cast<const ALPC_PORT_MESSAGE_ZONE_INFORMATION*>(information), &zone);
    if (status == STATUS_SUCCESS) status = probe_for_write(zone.Buffer, zone.Size);
    wire::QueryPort::Request request;
    wire::QueryPort::Reply reply;
    wire::QueryPort::ReplyBlobs blobs;
    CallScope scope;
    if (status == STATUS_SUCCESS) status = scope.connect(port, &request.handle);
    if (status != STATUS_SUCCESS) return status;
    return scope.call<wire::QueryPort>(Blocking::no, request, {}, &reply, &blobs);
}

}  // namespace

NTSTATUS NtAlpcSetInformation(HANDLE PortHandle, ALPC_PORT_INFORMATION_CLASS PortInformationClass,
                              PVOID PortInformation, ULONG Length) {
    switch (PortInformationClass) {
        case AlpcPortInformation:
            return set_attributes(PortHandle, PortInformation, Length);
        case AlpcAssociateCompletionPortInformation:
            return associate_completion_port(PortHandle, PortInformation, Length);
        case AlpcMessageZoneInformation:
            return set_message_zone(PortHandle, PortInformation, Length);
        case AlpcRegisterCompletionListInformation:
            return register_completion_list(PortHandle, PortInformation, Length);
        case AlpcUnregisterCompletionListInformation:
            return unregister_completion_list(PortHandle, Length);
        case AlpcAdjustCompletionListConcurrencyCountInformation:
            return adjust_concurrency_count(PortHandle, PortInformation, Length);
        case AlpcCompletionListRundownInformation:
            return run_down_completion_list(PortHandle, Length);
        case AlpcRegisterCallbackInformation:
            return STATUS_INVALID_PARAMETER;  // for drivers only
        default:
            return STATUS_INVALID_INFO_CLASS;
    }
}

namespace {

struct SenderFacts {
    wire::QueryMessage::Reply fixed;
    std::vector<std::byte> user_sid;
};

NTSTATUS query_sender(CallScope& scope, HANDLE port, PPORT_MESSAGE message, SenderFacts* facts) {
    CapturedMessage named;
    NTSTATUS status = capture_message(message, &named);
    wire::QueryMessage::Request request;
    wire::QueryMessage::ReplyBlobs blobs;
    request.message_id = named.header.message_id;
    request.callback_id = named.header.callback_id;
    if (status == STATUS_SUCCESS) status = scope.connect(port, &request.handle);
    if (status == STATUS_SUCCESS) {
        status = scope.call<wire::QueryMessage>(Blocking::no, request, {}, &facts->fixed, &blobs);
    }
    facts->user_sid.assign(blobs.user_sid.begin(), blobs.user_sid.end());
    return status;
}

NTSTATUS write_sid(const std::vector<std::byte>& sid, PVOID where, ULONG length, PULONG return_length) {
    const NTSTATUS status =
        return_length ? write(return_length, static_cast<ULONG>(sid.size())) : STATUS_SUCCESS;
    if (status != STATUS_SUCCESS) return status;
    if (length < sid.size()) return STATUS_BUFFER_TOO_SMALL;
    return host::copy_to_program(where, sid.data(), sid.size()) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

// About a message that the caller has sent, unlike all other classes; there is nothing to write.
NTSTATUS query_direct_status(HANDLE port, PPORT_MESSAGE message) {
    CapturedMessage named;
    NTSTATUS status = capture_message(message, &named);
    wire::QueryDirect::Request request;
    wire::QueryDirect::Reply reply;
    wire::QueryDirect::ReplyBlobs blobs;
    request.message_id = named.header.message_id;
    CallScope scope;
    if (status == STATUS_SUCCESS) status = scope.connect(port, &request.handle);
    if (status != STATUS_SUCCESS) return status;
    return scope.call<wire::QueryDirect>(Blocking::no, request, {}, &reply, &blobs);
}

}  // namespace

NTSTATUS NtAlpcQueryInformationMessage(HANDLE PortHandle, PPORT_MESSAGE PortMessage,
                                       ALPC_MESSAGE_INFORMATION_CLASS MessageInformationClass,
                                       PVOID MessageInformation, ULONG Length, PULONG ReturnLength) {
    if (MessageInformationClass >= MaxAlpcMessageInfoClass) return STATUS_INVALID_INFO_CLASS;
    if (MessageInformationClass == AlpcMessageDirectStatusInformation)
        return query_direct_status(PortHandle, PortMessage);
    if (MessageInformationClass == AlpcMessageHandleInformation)
        return query_handle_information(PortHandle, PortMessage, MessageInformation, Length, ReturnLength);
    CallScope scope;
    SenderFacts facts;
    const NTSTATUS status = query_sender(scope, PortHandle, PortMessage, &facts);
    if (status != STATUS_SUCCESS) return status;
    switch (MessageInformationClass) {
        case AlpcMessageSidInformation:
            return write_sid(facts.user_sid, MessageInformation, Length, ReturnLength);
        case AlpcMessageTokenModifiedIdInformation: {
            if (facts.fixed.modified_id_hidden) return STATUS_BAD_IMPERSONATION_LEVEL;
            LUID modified;
            std::memcpy(&modified, &facts.fixed.modified_id, sizeof(modified));
            return write_answer(MessageInformation, Length, ReturnLength, modified);
        }
        default:
            return not_implemented("NtAlpcQueryInformationMessage: this class is not implemented");
    }
}

// The two top bits of the flags say how a 32-bit caller lays out its structures; a native one may pass them.
NTSTATUS NtAlpcOpenSenderProcess(PHANDLE ProcessHandle, HANDLE PortHandle, PPORT_MESSAGE PortMessage, ULONG,
                                 ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes) {
    ObjectName name;
    NTSTATUS status = probe_for_write(ProcessHandle);
    if (status == STATUS_SUCCESS && !ObjectAttributes) status = STATUS_ACCESS_VIOLATION;
    if (status == STATUS_SUCCESS) status = capture_object_attributes(ObjectAttributes, &name);
    CallScope scope;
    SenderFacts facts;
    if (status == STATUS_SUCCESS) status = query_sender(scope, PortHandle, PortMessage, &facts);
    HANDLE handle = nullptr;
    if (status == STATUS_SUCCESS) {
        status = host::open_process(facts.fixed.process_id, facts.fixed.unix_process, DesiredAccess,
                                    name.attributes, &handle);
    }
    return status == STATUS_SUCCESS ? write(ProcessHandle, handle) : status;
}

NTSTATUS NtAlpcOpenSenderThread(PHANDLE ThreadHandle, HANDLE PortHandle, PPORT_MESSAGE PortMessage,
                                ULONG Flags, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes) {
    ObjectName name;
    NTSTATUS status = probe_for_write(ThreadHandle);
    if (status == STATUS_SUCCESS && !ObjectAttributes) status = STATUS_ACCESS_VIOLATION;
    if (status == STATUS_SUCCESS) status = capture_object_attributes(ObjectAttributes, &name);
    if (status == STATUS_SUCCESS && (Flags & ~ALPC_PORTFLG_TOP_MASK) != 0) status = STATUS_INVALID_PARAMETER;
    CallScope scope;
    SenderFacts facts;
    if (status == STATUS_SUCCESS) status = query_sender(scope, PortHandle, PortMessage, &facts);
    HANDLE handle = nullptr;
    if (status == STATUS_SUCCESS) {
        status = host::open_thread(facts.fixed.process_id, facts.fixed.thread_id, DesiredAccess,
                                   name.attributes, &handle);
    }
    return status == STATUS_SUCCESS ? write(ThreadHandle, handle) : status;
}

}  // namespace ntalpc::core
