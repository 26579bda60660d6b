// SPDX-License-Identifier: LGPL-2.1-or-later
// The call of libntalpc that is not about ports: Windows programs find it in ntdll.
#include "native/handle_table.h"
#include "ntalpc/ntalpc.h"

extern "C" NTSTATUS NtClose(HANDLE Handle) {
    return ntalpc::native::HandleTable::instance().close(Handle);
}
