// SPDX-License-Identifier: LGPL-2.1-or-later
// The call of libntalpc that is not about ports: Windows programs find it in ntdll.
#include "core/port_views.h"
#include "native/handle_table.h"
#include "ntalpc/ntalpc.h"

extern "C" NTSTATUS NtClose(HANDLE Handle) {
    const NTSTATUS status = ntalpc::native::HandleTable::instance().close(Handle);
    if (NT_SUCCESS(status)) ntalpc::core::handle_closed(Handle);
    return status;
}
