// SPDX-License-Identifier: LGPL-2.1-or-later
// Waiting natively: there are no procedure calls that could interrupt a wait, so no call is ever left.
#include <poll.h>

#include <cerrno>
#include <ctime>
#include <new>

#include "core/capture.h"
#include "core/port_state.h"
#include "native/events.h"
#include "native/handle_table.h"
#include "ntalpc/ntalpc.h"

namespace ntalpc::host {

bool can_leave_calls() {
    return false;
}

void forget_left_call(int) {}

}  // namespace ntalpc::host

namespace {

using namespace ntalpc;

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t monotonic_now() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * kSecond + now.tv_nsec;
}

NTSTATUS wait_for_event(int event, const LARGE_INTEGER* timeout) {
    std::int64_t limit;
    if (const NTSTATUS status = core::capture_timeout(timeout, &limit); status != STATUS_SUCCESS)
        return status;
    const std::int64_t start = monotonic_now();
    for (;;) {
        const std::int64_t left =
            limit < 0 ? -1 : std::max<std::int64_t>(limit - (monotonic_now() - start), 0);
        const timespec time{left / kSecond, left % kSecond};
        pollfd entry = {event, POLLIN, 0};
        const int count = ppoll(&entry, 1, limit < 0 ? nullptr : &time, nullptr);
        if (count > 0) return STATUS_SUCCESS;
        if (count == 0) return STATUS_TIMEOUT;
        if (errno != EINTR) return STATUS_NO_MEMORY;
    }
}

}  // namespace

extern "C" NTSTATUS NtWaitForSingleObject(HANDLE Handle, BOOLEAN, PLARGE_INTEGER Timeout) {
    try {
        UniqueFd descriptor;
        const NTSTATUS status = native::HandleTable::instance().duplicate(Handle, &descriptor);
        if (status != STATUS_SUCCESS) return status;
        if (native::is_event(descriptor.get())) return wait_for_event(descriptor.get(), Timeout);
        ULONG index = 0;
        return ntalpc::core::wait_for_ports(&Handle, 1, false, Timeout, ntalpc::core::Blocking::yes, &index);
    } catch (const std::bad_alloc&) {
        return STATUS_NO_MEMORY;
    }
}
