// SPDX-License-Identifier: LGPL-2.1-or-later
// Waiting natively: there are no procedure calls that could interrupt a wait, so no call is ever left.
#include <new>

#include "core/port_state.h"
#include "ntalpc/ntalpc.h"

namespace ntalpc::host {

bool can_leave_calls() {
    return false;
}

void forget_left_call(int) {}

}  // namespace ntalpc::host

extern "C" NTSTATUS NtWaitForSingleObject(HANDLE Handle, BOOLEAN, PLARGE_INTEGER Timeout) {
    try {
        ULONG index = 0;
        return ntalpc::core::wait_for_ports(&Handle, 1, false, Timeout, ntalpc::core::Blocking::yes, &index);
    } catch (const std::bad_alloc&) {
        return STATUS_NO_MEMORY;
    }
}
