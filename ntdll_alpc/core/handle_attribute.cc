// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/handle_attribute.h"

#include <array>

#include "core/attributes.h"
#include "core/call_scope.h"
#include "core/capture.h"
#include "ntalpc/passing.h"

namespace ntalpc::core {

namespace {

constexpr std::uint32_t kElementFlags = ALPC_HANDLEFLG_DUPLICATE_SAME_ACCESS |
                                        ALPC_HANDLEFLG_DUPLICATE_SAME_ATTRIBUTES |
                                        ALPC_HANDLEFLG_DUPLICATE_INHERIT;
constexpr ULONG kLeastIndirect = 2;  // one handle goes in the direct form (a fork's tests)

// Where the attribute stands in program memory; nullptr when there is no room for it.
ALPC_HANDLE_ATTR* locate(ALPC_MESSAGE_ATTRIBUTES* buffer, std::uint32_t allocated) {
    const std::uint32_t offset = attributes::offset_of(allocated, ALPC_MESSAGE_HANDLE_ATTRIBUTE);
    return offset == 0 ? nullptr
                       : reinterpret_cast<ALPC_HANDLE_ATTR*>(reinterpret_cast<char*>(buffer) + offset);
}

// Handle values have 32 bits that count; those of the calling process and thread are negative.
HANDLE handle_of(ULONG value) {
    return reinterpret_cast<HANDLE>(static_cast<std::intptr_t>(static_cast<LONG>(value)));
}

NTSTATUS check(const HandleToPass& given) {
    if (given.flags & ~kElementFlags) return STATUS_INVALID_PARAMETER;
    return given.handle ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}

NTSTATUS capture_array(const ALPC_HANDLE_ATTR& given, std::vector<HandleToPass>* handles) {
    if (given.HandleCount > ALPC_INDIRECT_HANDLE_MAX) return STATUS_LPC_HANDLE_COUNT_EXCEEDED;
    if (given.HandleCount < kLeastIndirect) return STATUS_INVALID_PARAMETER;
    std::vector<ALPC_HANDLE_ATTR32> elements(given.HandleCount);
    if (!host::copy_from_program(elements.data(), given.HandleAttrArray,
                                 elements.size() * sizeof(ALPC_HANDLE_ATTR32))) {
        return STATUS_ACCESS_VIOLATION;
    }
    for (const ALPC_HANDLE_ATTR32& element : elements) {
        handles->push_back(
            {handle_of(element.Handle), element.Flags, element.ObjectType, element.DesiredAccess});
        if (const NTSTATUS status = check(handles->back()); status != STATUS_SUCCESS) return status;
    }
    return STATUS_SUCCESS;
}

}  // namespace

// An attribute of zeros gives back what a received message carried (alpc-semantics 5.6); it passes nothing.
NTSTATUS capture_handles(ALPC_MESSAGE_ATTRIBUTES* buffer, const wire::MessageAttributes& captured,
                         std::vector<HandleToPass>* handles) {
    if (!(captured.valid & ALPC_MESSAGE_HANDLE_ATTRIBUTE)) return STATUS_SUCCESS;
    ALPC_HANDLE_ATTR given{};
    const NTSTATUS status = read(locate(buffer, captured.allocated), &given);
    if (status != STATUS_SUCCESS) return status;
    if (given.Flags & ~(kElementFlags | ALPC_HANDLEFLG_INDIRECT)) return STATUS_INVALID_PARAMETER;
    if (given.Flags & ALPC_HANDLEFLG_INDIRECT) return capture_array(given, handles);
    if (given.Flags == 0 && !given.Handle) return STATUS_SUCCESS;
    handles->push_back({given.Handle, given.Flags, given.ObjectType, given.DesiredAccess});
    return check(handles->back());
}

bool receive_handles(const ReceivedMessage& message, const wire::MessageAttributes& attributes,
                     ALPC_HANDLE_ATTR* result) {
    *result = {};
    if (!(attributes.valid & ALPC_MESSAGE_HANDLE_ATTRIBUTE)) return false;
    if (attributes.handle_by_index) {
        result->Flags = ALPC_HANDLEFLG_INDIRECT;
        result->HandleCount = attributes.handle_count;
        return true;
    }
    TakenHandle taken;
    CallScope scope;
    NTSTATUS status = scope.connect();
    if (status == STATUS_SUCCESS) status = take_handle(scope, message, 0, &taken);
    if (status != STATUS_SUCCESS) {
        host::log(host::LogLevel::error, "the handle that came with a message could not be taken");
        return false;
    }
    result->Handle = taken.handle;
    result->ObjectType = taken.type;
    result->GrantedAccess = taken.access;
    return true;
}

NTSTATUS query_handle_information(HANDLE port, PPORT_MESSAGE message, PVOID information, ULONG length,
                                  PULONG return_length) {
    auto* const where = static_cast<ALPC_MESSAGE_HANDLE_INFORMATION*>(information);
    NTSTATUS status = return_length ? write(return_length, ULONG{sizeof(*where)}) : STATUS_SUCCESS;
    if (status == STATUS_SUCCESS && length < sizeof(*where)) status = STATUS_INFO_LENGTH_MISMATCH;
    ALPC_MESSAGE_HANDLE_INFORMATION answer{};
    if (status == STATUS_SUCCESS) status = read(where, &answer);
    if (status == STATUS_SUCCESS) status = probe_for_write(where);
    CapturedMessage named;
    if (status == STATUS_SUCCESS) status = capture_message(message, &named);
    CallScope scope;
    ReceivedMessage received{0, named.header.message_id, named.header.callback_id};
    if (status == STATUS_SUCCESS) status = scope.connect(port, &received.port);
    TakenHandle taken;
    if (status == STATUS_SUCCESS) status = take_handle(scope, received, answer.Index, &taken);
    if (status != STATUS_SUCCESS) return status;
    answer.Flags = 0;
    answer.Handle = static_cast<ULONG>(reinterpret_cast<ULONG_PTR>(taken.handle));
    answer.ObjectType = taken.type;
    answer.GrantedAccess = taken.access;
    status = write(where, answer);
    if (status != STATUS_SUCCESS) host::close_handle(taken.handle);
    return status;
}

}  // namespace ntalpc::core
