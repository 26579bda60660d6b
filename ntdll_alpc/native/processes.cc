// SPDX-License-Identifier: LGPL-2.1-or-later
// Processes as handles of a native process: pidfds.
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "core/host_processes.h"
#include "native/handle_table.h"
#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"

namespace ntalpc::host {

NtStatus open_process(std::uint64_t, std::uint32_t unix_process, std::uint32_t, std::uint32_t,
                      NtHandle* handle) {
    UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, unix_process, 0)));
    if (process)
        return native::HandleTable::instance().add(std::move(process), handle,
                                                   ALPC_PORFLG_OBJECT_TYPE_PROCESS);
    switch (errno) {
        case ESRCH:
            return STATUS_INVALID_CID;
        case EMFILE:
        case ENFILE:
        case ENOMEM:
            return STATUS_INSUFFICIENT_RESOURCES;
        default:
            return STATUS_ACCESS_DENIED;
    }
}

// Linux has no descriptor for a thread of another process that older kernels know.
NtStatus open_thread(std::uint64_t, std::uint64_t, std::uint32_t, std::uint32_t, NtHandle*) {
    return STATUS_NOT_SUPPORTED;
}

NtStatus thread_ids(NtHandle, std::uint64_t*, std::uint64_t*) {
    return STATUS_INVALID_HANDLE;
}

bool has_privilege(std::uint32_t) {
    return false;
}

}  // namespace ntalpc::host
