// SPDX-License-Identifier: LGPL-2.1-or-later
#include "native/events.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <string>
#include <string_view>

#include "core/capture.h"
#include "native/handle_table.h"
#include "ntalpc/ntalpc.h"

namespace ntalpc::native {

bool is_event(int fd) {
    char target[64];
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    const ssize_t size = readlink(link.c_str(), target, sizeof(target));
    return size > 0 && std::string_view(target, static_cast<std::size_t>(size)) == "anon_inode:[eventfd]";
}

namespace {

NTSTATUS open_event(HANDLE handle, UniqueFd* event) {
    const NTSTATUS status = HandleTable::instance().duplicate(handle, event);
    if (status != STATUS_SUCCESS) return status;
    return is_event(event->get()) ? STATUS_SUCCESS : STATUS_OBJECT_TYPE_MISMATCH;
}

// Whether it was set.
bool reset(int event) {
    eventfd_t count;
    return eventfd_read(event, &count) == 0;
}

}  // namespace

}  // namespace ntalpc::native

extern "C" NTSTATUS NtCreateEvent(PHANDLE EventHandle, ACCESS_MASK, POBJECT_ATTRIBUTES ObjectAttributes,
                                  EVENT_TYPE EventType, BOOLEAN InitialState) {
    using namespace ntalpc;
    if (EventType != NotificationEvent || (ObjectAttributes && ObjectAttributes->ObjectName))
        return STATUS_NOT_SUPPORTED;
    UniqueFd event(eventfd(InitialState ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event) return STATUS_INSUFFICIENT_RESOURCES;
    try {
        HANDLE handle;
        const NTSTATUS status = native::HandleTable::instance().add(std::move(event), &handle);
        if (status != STATUS_SUCCESS) return status;
        if (core::write(EventHandle, handle) == STATUS_SUCCESS) return STATUS_SUCCESS;
        native::HandleTable::instance().close(handle);
        return STATUS_ACCESS_VIOLATION;
    } catch (const std::bad_alloc&) {
        return STATUS_NO_MEMORY;
    }
}

// The count of an eventfd only says whether it is above 0.
extern "C" NTSTATUS NtSetEvent(HANDLE EventHandle, LONG* PreviousState) {
    ntalpc::UniqueFd event;
    NTSTATUS status = ntalpc::native::open_event(EventHandle, &event);
    if (status != STATUS_SUCCESS) return status;
    const LONG was_set = ntalpc::native::reset(event.get());
    eventfd_write(event.get(), 1);
    return PreviousState ? ntalpc::core::write(PreviousState, was_set) : STATUS_SUCCESS;
}

extern "C" NTSTATUS NtResetEvent(HANDLE EventHandle, LONG* PreviousState) {
    ntalpc::UniqueFd event;
    NTSTATUS status = ntalpc::native::open_event(EventHandle, &event);
    if (status != STATUS_SUCCESS) return status;
    const LONG was_set = ntalpc::native::reset(event.get());
    return PreviousState ? ntalpc::core::write(PreviousState, was_set) : STATUS_SUCCESS;
}
