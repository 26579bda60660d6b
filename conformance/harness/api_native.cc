// SPDX-License-Identifier: LGPL-2.1-or-later
// The calls under test as a Linux program sees them.
#ifndef _WIN32

#include <unistd.h>

#include "conformance/harness/api.h"
#include "conformance/harness/event.h"

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

Event::Event(bool set) {
    NtCreateEvent(&handle_, 0, nullptr, NotificationEvent, set);
}

void Event::set() const {
    NtSetEvent(handle_, nullptr);
}

bool Event::is_set(std::chrono::milliseconds limit) const {
    LARGE_INTEGER timeout;
    timeout.QuadPart = -10'000 * limit.count();
    return NtWaitForSingleObject(handle_, FALSE, &timeout) == STATUS_SUCCESS;
}

HANDLE current_process_id() {
    return reinterpret_cast<HANDLE>(static_cast<ULONG_PTR>(getpid()));
}
HANDLE current_thread_id() {
    return reinterpret_cast<HANDLE>(static_cast<ULONG_PTR>(gettid()));
}

}  // namespace ntalpc::conformance

#endif
