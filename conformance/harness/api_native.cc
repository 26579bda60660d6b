// SPDX-License-Identifier: LGPL-2.1-or-later
// The calls under test as a Linux program sees them.
#ifndef _WIN32

#include <unistd.h>

#include "conformance/harness/api.h"

namespace ntalpc::conformance {

const Api& api() {
    static const Api table = {
#define X(name) {#name, &::name},
        CONFORMANCE_ENTRY_POINTS(X)
#undef X
    };
    return table;
}

NTSTATUS close_handle(HANDLE handle) {
    return NtClose(handle);
}

HANDLE current_process_id() {
    return reinterpret_cast<HANDLE>(static_cast<ULONG_PTR>(getpid()));
}
HANDLE current_thread_id() {
    return reinterpret_cast<HANDLE>(static_cast<ULONG_PTR>(gettid()));
}

}  // namespace ntalpc::conformance

#endif
