// SPDX-License-Identifier: LGPL-2.1-or-later
// A native process has no I/O completion ports: whatever its handles stand for is something else. It waits on
// the event of a port instead (port_event.cc).
#include "core/host_targets.h"
#include "native/handle_table.h"
#include "ntalpc/status.h"

namespace ntalpc::host {

NtStatus keep_completion_port(NtHandle completion_port, void*, Target*) {
    UniqueFd descriptor;
    const NtStatus status = native::HandleTable::instance().duplicate(completion_port, &descriptor);
    return status == STATUS_SUCCESS ? STATUS_OBJECT_TYPE_MISMATCH : status;
}

void forget_target(Target) {}

NtStatus begin_announcing() {
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::host
