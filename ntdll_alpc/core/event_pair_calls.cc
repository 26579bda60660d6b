// SPDX-License-Identifier: LGPL-2.1-or-later
// The event pair calls, on which Quick LPC was built. The server is asked when a pair is created, opened, and
// used for the first time in a process; setting and waiting are memory and futexes.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <limits>

#include "core/call_scope.h"
#include "core/capture.h"
#include "core/event_pair_memory.h"
#include "generated/core_calls.h"

namespace ntalpc::core {

namespace {

using wire::bytes_of;

// What creating and opening have in common: a name goes to the server, a handle comes back.
template <class Request>
NTSTATUS ask_for_handle(const ObjectName& name, ACCESS_MASK access,
                        const typename Request::RequestBlobs& blobs, PHANDLE where) {
    typename Request::Request request;
    request.attributes = name.attributes;
    request.root = name.root;
    request.access = access;
    CallScope scope;
    NTSTATUS status = scope.connect_to_living_server();
    if (status != STATUS_SUCCESS) return status;
    typename Request::Reply reply;
    typename Request::ReplyBlobs reply_blobs;
    UniqueFd capability;
    status =
        scope.call<Request>(Blocking::no, request, blobs, &reply, &reply_blobs, std::span(&capability, 1));
    if (!NT_SUCCESS(status)) return status;
    const NTSTATUS given =
        scope.give_handle(std::move(capability), reply.handle, reply.access, name.attributes, where);
    return given == STATUS_SUCCESS ? status : given;  // the server may have said STATUS_OBJECT_NAME_EXISTS
}

using EventOf = SharedEvent SharedEventPair::*;

void wake_all(SharedEvent::Word& word) {
    syscall(SYS_futex, &word, FUTEX_WAKE, std::numeric_limits<int>::max(), nullptr, nullptr, 0);
}

// Sets the one event, if any, then waits for the other, if any.
NTSTATUS set_and_wait(HANDLE handle, EventOf to_set, EventOf to_wait) {
    host::CallGuard guard;
    EventPairMapping mapping;
    if (const NTSTATUS status = map_event_pair(guard, handle, &mapping); status != STATUS_SUCCESS)
        return status;
    SharedEventPair& events = mapping->events();
    if (to_set) (events.*to_set).set(wake_all);
    if (!to_wait || (events.*to_wait).try_wait()) return STATUS_SUCCESS;
    // From here on the thread may be terminated in its sleep: nothing but `held` may own anything.
    const HeldMapping held(std::move(mapping));
    (events.*to_wait).wait([&guard](const SharedEvent::Word& word, std::uint32_t expected) {
        guard.wait_word(word, expected);
    });
    return STATUS_SUCCESS;
}

constexpr EventOf kHigh = &SharedEventPair::high;
constexpr EventOf kLow = &SharedEventPair::low;

}  // namespace

NTSTATUS NtCreateEventPair(PHANDLE EventPairHandle, ACCESS_MASK DesiredAccess,
                           POBJECT_ATTRIBUTES ObjectAttributes) {
    ObjectName name;
    NTSTATUS status = probe_for_write(EventPairHandle);
    if (status == STATUS_SUCCESS) status = capture_object_attributes(ObjectAttributes, &name);
    if (status != STATUS_SUCCESS) return status;
    return ask_for_handle<wire::CreateEventPair>(
        name, DesiredAccess, {.name = bytes_of(name.path), .security_descriptor = name.security_descriptor},
        EventPairHandle);
}

// Without attributes there is nothing to open, and an empty name is no path.
NTSTATUS NtOpenEventPair(PHANDLE EventPairHandle, ACCESS_MASK DesiredAccess,
                         POBJECT_ATTRIBUTES ObjectAttributes) {
    ObjectName name;
    NTSTATUS status = probe_for_write(EventPairHandle);
    if (status == STATUS_SUCCESS && !ObjectAttributes) status = STATUS_INVALID_PARAMETER;
    if (status == STATUS_SUCCESS) status = capture_object_attributes(ObjectAttributes, &name);
    if (status == STATUS_SUCCESS && name.path.empty()) status = STATUS_OBJECT_PATH_SYNTAX_BAD;
    if (status != STATUS_SUCCESS) return status;
    return ask_for_handle<wire::OpenEventPair>(name, DesiredAccess, {.name = bytes_of(name.path)},
                                               EventPairHandle);
}

NTSTATUS NtSetHighEventPair(HANDLE EventPairHandle) {
    return set_and_wait(EventPairHandle, kHigh, nullptr);
}

NTSTATUS NtSetLowEventPair(HANDLE EventPairHandle) {
    return set_and_wait(EventPairHandle, kLow, nullptr);
}

NTSTATUS NtSetHighWaitLowEventPair(HANDLE EventPairHandle) {
    return set_and_wait(EventPairHandle, kHigh, kLow);
}

NTSTATUS NtSetLowWaitHighEventPair(HANDLE EventPairHandle) {
    return set_and_wait(EventPairHandle, kLow, kHigh);
}

NTSTATUS NtWaitHighEventPair(HANDLE EventPairHandle) {
    return set_and_wait(EventPairHandle, nullptr, kHigh);
}

NTSTATUS NtWaitLowEventPair(HANDLE EventPairHandle) {
    return set_and_wait(EventPairHandle, nullptr, kLow);
}

}  // namespace ntalpc::core
