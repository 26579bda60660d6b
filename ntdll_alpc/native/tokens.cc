// SPDX-License-Identifier: LGPL-2.1-or-later
// A native process has one identity, its Unix user, which the server finds out by itself and which never
// changes.
#include "core/host_tokens.h"
#include "ntalpc/status.h"

namespace ntalpc::host {

std::uint32_t token_changes() {
    return 0;
}

NtStatus thread_token_stamp(TokenStamp* stamp) {
    *stamp = {};
    return STATUS_SUCCESS;
}

NtStatus process_token_stamp(TokenStamp* stamp) {
    *stamp = {};
    return STATUS_SUCCESS;
}

NtStatus keep_thread_token(KeptToken*) {
    return STATUS_SUCCESS;
}

NtStatus keep_process_token(KeptToken*) {
    return STATUS_SUCCESS;
}

void drop_kept_token(std::uint64_t) {}

}  // namespace ntalpc::host
