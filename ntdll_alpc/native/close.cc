// SPDX-License-Identifier: LGPL-2.1-or-later
// The call of libntalpc that is not about ports: Windows programs find it in ntdll.
#include <new>

#include "core/leases.h"
#include "core/message_views.h"
#include "core/port_handle.h"
#include "core/port_views.h"
#include "native/handle_table.h"
#include "ntalpc/ntalpc.h"

extern "C" NTSTATUS NtClose(HANDLE Handle) {
    // First, because afterwards another thread may be given the same value for a port with views of its own.
    try {
        ntalpc::core::Leases::instance().handle_closes(Handle);
    } catch (const std::bad_alloc&) {
        // The server takes the port's leases back when it sees that the handle is closed.
    }
    ntalpc::core::handle_closes(Handle);
    if (const std::uint64_t cookie = ntalpc::host::known_cookie(Handle); cookie != 0)
        ntalpc::core::forget_capability(cookie);
    const bool views = ntalpc::core::has_views(Handle);
    const NTSTATUS status = ntalpc::native::HandleTable::instance().close(Handle);
    if (!views) return status;
    try {
        ntalpc::core::port_closed(Handle);
    } catch (const std::bad_alloc&) {
        // The handle is closed. The server has the views unmapped with the next call of this process.
    }
    return status;
}
