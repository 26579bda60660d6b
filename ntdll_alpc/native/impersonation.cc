// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/host_impersonation.h"

#include "ntalpc/status.h"

namespace ntalpc::host {

// A native process has one identity, its Unix user; the server lets it impersonate that one only, so there is
// nothing to change.
NtStatus impersonate(const Impersonation&) {
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::host
