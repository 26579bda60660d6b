// SPDX-License-Identifier: LGPL-2.1-or-later
// Objects that native processes pass: descriptors, and nothing else.
#include <fcntl.h>

#include <new>

#include "core/capture.h"
#include "core/descriptor_access.h"
#include "core/host_passing.h"
#include "native/handle_table.h"
#include "ntalpc/ntalpc.h"

namespace ntalpc::host {

bool passes_by_value() {
    return false;
}

NtStatus handle_to_keep(NtHandle, PassedFacts*, NtHandle*, bool*) {
    return STATUS_NOT_SUPPORTED;
}

NtStatus start_keeper() {
    return STATUS_NOT_SUPPORTED;
}

// A keeper holds nothing for a receiver that is not of its world.
NtStatus take_kept_handle(std::uint64_t, std::uint64_t, std::uint64_t, const PassedFacts&, NtHandle*) {
    return STATUS_NOT_SUPPORTED;
}

// There is nothing here that inherits handles, so the flags about that change nothing.
NtStatus object_descriptor(NtHandle handle, PassedFacts* facts, UniqueFd* descriptor) {
    std::uint32_t type = 0;
    const NtStatus status = native::HandleTable::instance().duplicate(handle, descriptor, &type);
    if (status != STATUS_SUCCESS) return status;
    if (facts->type != 0 && facts->type != type) return STATUS_OBJECT_TYPE_MISMATCH;
    facts->type = type;
    if (!(facts->flags & ALPC_HANDLEFLG_DUPLICATE_SAME_ACCESS))
        return core::restrict_access(descriptor, type, facts->access, &facts->access);
    facts->access = core::granted_access(descriptor->get(), type);
    return STATUS_SUCCESS;
}

NtStatus take_descriptor(UniqueFd descriptor, const PassedFacts& facts, NtHandle* handle) {
    return native::HandleTable::instance().add(std::move(descriptor), handle, facts.type);
}

}  // namespace ntalpc::host

extern "C" NTSTATUS NtalpcHandleFromDescriptor(int Descriptor, PHANDLE Handle) {
    using namespace ntalpc;
    try {
        UniqueFd duplicate(fcntl(Descriptor, F_DUPFD_CLOEXEC, 0));
        if (!duplicate) return errno == EBADF ? STATUS_INVALID_HANDLE : STATUS_INSUFFICIENT_RESOURCES;
        NTSTATUS status = core::probe_for_write(Handle);
        HANDLE made = nullptr;
        if (status == STATUS_SUCCESS) {
            status = native::HandleTable::instance().add(std::move(duplicate), &made,
                                                         ALPC_PORFLG_OBJECT_TYPE_FILE);
        }
        return status == STATUS_SUCCESS ? core::write(Handle, made) : status;
    } catch (const std::bad_alloc&) {
        return STATUS_NO_MEMORY;
    }
}

extern "C" NTSTATUS NtalpcDescriptorFromHandle(HANDLE Handle, int* Descriptor) {
    using namespace ntalpc;
    UniqueFd descriptor;
    NTSTATUS status = core::probe_for_write(Descriptor);
    if (status == STATUS_SUCCESS) status = native::HandleTable::instance().duplicate(Handle, &descriptor);
    if (status == STATUS_SUCCESS) status = core::write(Descriptor, descriptor.get());
    if (status == STATUS_SUCCESS) descriptor.release();
    return status;
}
