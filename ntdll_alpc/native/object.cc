// SPDX-License-Identifier: LGPL-2.1-or-later
// What a native program can do with a handle whatever it stands for.
#include <new>

#include "core/capture.h"
#include "core/object_information.h"
#include "core/object_security.h"
#include "native/handle_table.h"
#include "ntalpc/ntalpc.h"

extern "C" NTSTATUS NtQueryObject(HANDLE Handle, OBJECT_INFORMATION_CLASS ObjectInformationClass,
                                  PVOID ObjectInformation, ULONG ObjectInformationLength,
                                  PULONG ReturnLength) {
    try {
        return ntalpc::core::query_object(Handle, ObjectInformationClass, ObjectInformation,
                                          ObjectInformationLength, ReturnLength);
    } catch (const std::bad_alloc&) {
        return STATUS_NO_MEMORY;
    }
}

extern "C" NTSTATUS NtQuerySecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
                                          PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Length,
                                          PULONG LengthNeeded) {
    try {
        return ntalpc::core::query_security(Handle, SecurityInformation, SecurityDescriptor, Length,
                                            LengthNeeded);
    } catch (const std::bad_alloc&) {
        return STATUS_NO_MEMORY;
    }
}

extern "C" NTSTATUS NtSetSecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
                                        PSECURITY_DESCRIPTOR SecurityDescriptor) {
    try {
        return ntalpc::core::set_security(Handle, SecurityInformation, SecurityDescriptor);
    } catch (const std::bad_alloc&) {
        return STATUS_NO_MEMORY;
    }
}

// A duplicate is another descriptor of the same capability. As on Windows the source is closed, if that is
// asked for, even when the rest fails.
extern "C" NTSTATUS NtDuplicateObject(HANDLE SourceProcessHandle, HANDLE SourceHandle,
                                      HANDLE TargetProcessHandle, PHANDLE TargetHandle, ACCESS_MASK, ULONG,
                                      ULONG Options) {
    auto& table = ntalpc::native::HandleTable::instance();
    if (SourceProcessHandle != NtCurrentProcess() ||
        (TargetHandle && TargetProcessHandle != NtCurrentProcess()))
        return STATUS_INVALID_HANDLE;
    try {
        ntalpc::UniqueFd descriptor;
        HANDLE made = nullptr;
        std::uint32_t type = 0;
        NTSTATUS status = table.duplicate(SourceHandle, &descriptor, &type);
        if (status == STATUS_SUCCESS && TargetHandle) {
            status = ntalpc::core::probe_for_write(TargetHandle);
            if (status == STATUS_SUCCESS) status = table.add(std::move(descriptor), &made, type);
            if (status == STATUS_SUCCESS) status = ntalpc::core::write(TargetHandle, made);
        }
        if (Options & DUPLICATE_CLOSE_SOURCE) NtClose(SourceHandle);
        return status;
    } catch (const std::bad_alloc&) {
        return STATUS_NO_MEMORY;
    }
}
