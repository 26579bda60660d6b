// SPDX-License-Identifier: LGPL-2.1-or-later
// Waits in which handles of ports take part.
//
// Only the server knows whether a port is signalled. A wait for nothing but ports, not alertable, happens
// there. In any other wait the server is asked to answer when a port becomes signalled, and the real wait is
// made with an event in the place of the ports that is set when that answer is there.
//
// A wait for all of its objects is not atomic over both kinds: it ends when the other objects are signalled
// and all ports have been so together at some time since it began.
#include "pe/port_waits.h"

#include "core/left_call.h"
#include "ntalpc/status.h"
#include "pe/deadline.h"
#include "pe/hooks.h"
#include "pe/left_calls.h"
#include "pe/noted_handles.h"
#include "pe/unix_call.h"

extern "C" NTSTATUS NTAPI NtCreateEvent(PHANDLE event, ACCESS_MASK access,
                                        const OBJECT_ATTRIBUTES* attributes, int type, BOOLEAN state);

namespace ntalpc {
namespace {

constexpr ULONG kMostHandles = MAXIMUM_WAIT_OBJECTS;
constexpr NTSTATUS kFirstAbandoned = STATUS_ABANDONED_WAIT_0;

// Some of the handles of a wait, and where they stand in it.
struct Selection {
    HANDLE handles[kMostHandles];
    ULONG places[kMostHandles];
    ULONG count = 0;

    void add(HANDLE handle, ULONG place) {
        handles[count] = handle;
        places[count++] = place;
    }
    // The result of a wait for the selection as one of a wait for everything.
    NTSTATUS in_whole(NTSTATUS status) const {
        const auto index = static_cast<ULONG>(status);
        if (index < count) return static_cast<NTSTATUS>(places[index]);
        const ULONG abandoned = index - static_cast<ULONG>(kFirstAbandoned);
        return abandoned < count ? static_cast<NTSTATUS>(kFirstAbandoned + places[abandoned]) : status;
    }
};

struct Wait {
    Selection ports;
    Selection others;
    bool any;
    BOOLEAN alertable;
};

LARGE_INTEGER no_time() {
    LARGE_INTEGER time;
    time.QuadPart = 0;
    return time;
}

NTSTATUS ask_server(const Wait& wait, bool leaving, const LARGE_INTEGER* timeout, ULONG* index) {
    WaitForPortsParams params = {const_cast<HANDLE*>(wait.ports.handles),
                                 wait.ports.count,
                                 BOOLEAN(!wait.any),
                                 BOOLEAN(leaving),
                                 const_cast<LARGE_INTEGER*>(timeout),
                                 index};
    return unix_call(UnixCall::WaitForPorts, &params);
}

// Ports are signalled, or all are: what of the others comes before them, or is needed besides?
NTSTATUS finish_with_ports(const Wait& wait, ULONG index, const LARGE_INTEGER* timeout) {
    const Selection& others = wait.others;
    if (!wait.any) {
        if (others.count == 0) return STATUS_SUCCESS;
        return original_NtWaitForMultipleObjects(others.count, others.handles, FALSE, wait.alertable,
                                                 timeout);
    }
    const ULONG place = wait.ports.places[index];
    ULONG before = 0;
    while (before < others.count && others.places[before] < place) ++before;
    if (before != 0) {
        const LARGE_INTEGER at_once = no_time();
        const NTSTATUS status =
            original_NtWaitForMultipleObjects(before, others.handles, TRUE, FALSE, &at_once);
        if (status != STATUS_TIMEOUT) return others.in_whole(status);
    }
    return static_cast<NTSTATUS>(place);
}

// Waits for the others and for the answer to the call that has been left. kCallLeft: the answer is there, in
// a wait for any.
NTSTATUS wait_for_others_and_answer(const Wait& wait, const LARGE_INTEGER* timeout) {
    HANDLE event = nullptr;
    if (const NTSTATUS status = hint_event(&event); !NT_SUCCESS(status)) {
        take_up_call(STATUS_CANCELLED);
        return status;
    }
    const Selection& others = wait.others;
    Selection all;
    for (ULONG i = 0; i < others.count; ++i) all.add(others.handles[i], others.places[i]);
    all.add(event, 0);
    const ULONG answer = others.count;
    const NTSTATUS status =
        original_NtWaitForMultipleObjects(all.count, all.handles, BOOLEAN(wait.any), wait.alertable, timeout);
    // Nothing is lost with the answer: what is signalled stays so.
    take_up_call(STATUS_CANCELLED);
    if (!wait.any) return status;
    return status == static_cast<NTSTATUS>(answer) ? core::kCallLeft : others.in_whole(status);
}

// The end of a wait without time when the ports are not signalled.
NTSTATUS look_at_others(const Wait& wait) {
    const Selection& others = wait.others;
    if (!wait.any || others.count == 0) return STATUS_TIMEOUT;
    const LARGE_INTEGER no_wait = no_time();
    return others.in_whole(
        original_NtWaitForMultipleObjects(others.count, others.handles, TRUE, FALSE, &no_wait));
}

NTSTATUS wait_in_turns(const Wait& wait, Deadline& deadline) {
    for (;;) {
        const LARGE_INTEGER at_once = no_time();
        ULONG index = 0;
        NTSTATUS status = ask_server(wait, false, &at_once, &index);
        if (status == STATUS_SUCCESS) return finish_with_ports(wait, index, deadline.remaining());
        if (status != STATUS_TIMEOUT) return status;
        if (deadline.at_once() && !wait.alertable) return look_at_others(wait);
        status = ask_server(wait, true, nullptr, &index);
        if (status == STATUS_SUCCESS) continue;
        if (status != core::kCallLeft) return status;
        status = wait_for_others_and_answer(wait, deadline.remaining());
        if (status != core::kCallLeft) return status;
    }
}

bool handle_was_wrong(NTSTATUS status) {
    return status == static_cast<NTSTATUS>(STATUS_INVALID_HANDLE) ||
           status == static_cast<NTSTATUS>(STATUS_OBJECT_TYPE_MISMATCH);
}

}  // namespace

NTSTATUS NTAPI wait_for_several(ULONG count, const HANDLE* handles, BOOLEAN any, BOOLEAN alertable,
                                const LARGE_INTEGER* timeout) {
    Wait wait = {{}, {}, any != FALSE, alertable};
    for (ULONG i = 0; i < count && count <= kMostHandles; ++i)
        (is_ours(handles[i]) ? wait.ports : wait.others).add(handles[i], i);
    if (wait.ports.count == 0)
        return original_NtWaitForMultipleObjects(count, handles, any, alertable, timeout);
    NTSTATUS status;
    if (wait.others.count == 0 && !alertable) {
        ULONG index = 0;
        status = ask_server(wait, false, timeout, &index);
        if (status == STATUS_SUCCESS) return static_cast<NTSTATUS>(any ? wait.ports.places[index] : 0);
    } else {
        Deadline deadline(timeout);
        status = wait_in_turns(wait, deadline);
    }
    if (!handle_was_wrong(status)) return status;
    // Not a port after all: Wine knows what to say.
    for (ULONG i = 0; i < wait.ports.count; ++i) forget_handle(wait.ports.handles[i]);
    return original_NtWaitForMultipleObjects(count, handles, any, alertable, timeout);
}

NTSTATUS NTAPI wait_for_one(HANDLE handle, BOOLEAN alertable, const LARGE_INTEGER* timeout) {
    if (!is_ours(handle)) return original_NtWaitForSingleObject(handle, alertable, timeout);
    return wait_for_several(1, &handle, TRUE, alertable, timeout);
}

// The signalling half is done with an event that needs no waiting for.
NTSTATUS NTAPI signal_and_wait_for_any(HANDLE signal, HANDLE wait, BOOLEAN alertable,
                                       const LARGE_INTEGER* timeout) {
    if (!is_ours(wait)) return original_NtSignalAndWaitForSingleObject(signal, wait, alertable, timeout);
    constexpr ACCESS_MASK event_all_access = 0x1F0003;
    constexpr int notification_event = 0;
    HANDLE ready = nullptr;
    NTSTATUS status = NtCreateEvent(&ready, event_all_access, nullptr, notification_event, TRUE);
    if (!NT_SUCCESS(status)) return status;
    status = original_NtSignalAndWaitForSingleObject(signal, ready, FALSE, nullptr);
    original_NtClose(ready);
    return status == STATUS_SUCCESS ? wait_for_one(wait, alertable, timeout) : status;
}

}  // namespace ntalpc
