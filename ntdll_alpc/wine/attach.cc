// SPDX-License-Identifier: LGPL-2.1-or-later
// The first call of the PE half: it makes sure that both halves number and lay out the calls alike, finds out
// how the functions of the running Wine are called, and adds what Wine lacks.
#include "wine/attach.h"

#include "generated/entry_params.h"
#include "ntalpc/status.h"
#include "wine/directories.h"
#include "wine/imports.h"

namespace ntalpc::wine {

NTSTATUS attach(void* arguments) {
    const auto* params = static_cast<const AttachParams*>(arguments);
    if (params->entry_table_hash != kEntryTableHash) return STATUS_REVISION_MISMATCH;
    detect_calling_convention();
    provide_directories();
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::wine
