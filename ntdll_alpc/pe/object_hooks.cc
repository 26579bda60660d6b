// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pe/object_hooks.h"

#include "core/object_information.h"
#include "ntalpc/status.h"
#include "pe/hooks.h"
#include "pe/noted_handles.h"
#include "pe/unix_call.h"

namespace ntalpc {

NTSTATUS NTAPI close_and_forget(HANDLE handle) {
    if (!forget_handle(handle)) return original_NtClose(handle);
    HandleClosesParams params = {handle};
    const bool views = unix_call(UnixCall::HandleCloses, &params) == static_cast<NTSTATUS>(STATUS_PENDING);
    const NTSTATUS status = original_NtClose(handle);
    if (views) {
        HandleClosedParams closed = {handle};
        unix_call(UnixCall::HandleClosed, &closed);
    }
    return status;
}

// First, because afterwards another thread may be given the same address for a view of its own.
NTSTATUS NTAPI unmap_and_forget(HANDLE process, void* address) {
    if (process == reinterpret_cast<HANDLE>(static_cast<LONG_PTR>(-1))) {
        ViewUnmapsParams params = {address};
        unix_call(UnixCall::ViewUnmaps, &params);
    }
    return original_NtUnmapViewOfSection(process, address);
}

// The target's value is forgotten even if it belongs to another process: that costs one look-up.
NTSTATUS NTAPI duplicate_and_forget(HANDLE source_process, HANDLE source, HANDLE target_process,
                                    HANDLE* target, ACCESS_MASK access, ULONG attributes, ULONG options) {
    if (options & DUPLICATE_CLOSE_SOURCE) forget_handle(source);
    const NTSTATUS status = original_NtDuplicateObject(source_process, source, target_process, target, access,
                                                       attributes, options);
    if (NT_SUCCESS(status) && target) forget_handle(*target);
    return status;
}

// Attributes, access and counts are Wine's, who keeps the handles. Name and type are the server's.
NTSTATUS NTAPI query_any_object(HANDLE handle, ULONG information_class, void* buffer, ULONG length,
                                ULONG* return_length) {
    const auto wanted = static_cast<core::ObjectInformation>(information_class);
    const bool answered_here =
        wanted == core::ObjectInformation::name || wanted == core::ObjectInformation::type;
    if (!answered_here || !is_ours(handle))
        return original_NtQueryObject(handle, information_class, buffer, length, return_length);
    QueryCapabilityParams params = {handle, information_class, buffer, length, return_length};
    const NTSTATUS status = unix_call(UnixCall::QueryCapability, &params);
    if (status != static_cast<NTSTATUS>(STATUS_OBJECT_TYPE_MISMATCH)) return status;
    forget_handle(handle);
    return original_NtQueryObject(handle, information_class, buffer, length, return_length);
}

// Descriptors are the server's.
NTSTATUS NTAPI query_any_security(HANDLE handle, ULONG information, void* descriptor, ULONG length,
                                  ULONG* needed) {
    if (!is_ours(handle))
        return original_NtQuerySecurityObject(handle, information, descriptor, length, needed);
    QueryCapabilitySecurityParams params = {handle, information, descriptor, length, needed};
    const NTSTATUS status = unix_call(UnixCall::QueryCapabilitySecurity, &params);
    if (status != static_cast<NTSTATUS>(STATUS_OBJECT_TYPE_MISMATCH)) return status;
    forget_handle(handle);
    return original_NtQuerySecurityObject(handle, information, descriptor, length, needed);
}

NTSTATUS NTAPI set_any_security(HANDLE handle, ULONG information, void* descriptor) {
    if (!is_ours(handle)) return original_NtSetSecurityObject(handle, information, descriptor);
    SetCapabilitySecurityParams params = {handle, information, descriptor};
    const NTSTATUS status = unix_call(UnixCall::SetCapabilitySecurity, &params);
    if (status != static_cast<NTSTATUS>(STATUS_OBJECT_TYPE_MISMATCH)) return status;
    forget_handle(handle);
    return original_NtSetSecurityObject(handle, information, descriptor);
}

}  // namespace ntalpc
