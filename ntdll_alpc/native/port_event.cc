// SPDX-License-Identifier: LGPL-2.1-or-later
// The event of a port: what a native program has in the place of completion ports.
#include <new>

#include "core/call_scope.h"
#include "core/capture.h"
#include "ntalpc/ntalpc.h"

namespace ntalpc::native {
namespace {

NTSTATUS open_port_event(HANDLE port, int* descriptor) {
    wire::PortEvent::Request request;
    wire::PortEvent::Reply reply;
    wire::PortEvent::ReplyBlobs blobs;
    UniqueFd event;
    NTSTATUS status = core::probe_for_write(descriptor);
    core::CallScope scope;
    if (status == STATUS_SUCCESS) status = scope.connect(port, &request.handle);
    if (status == STATUS_SUCCESS) {
        status = scope.call<wire::PortEvent>(core::Blocking::no, request, {}, &reply, &blobs,
                                             std::span(&event, 1));
    }
    if (status != STATUS_SUCCESS) return status;
    if (!event) return STATUS_INSUFFICIENT_RESOURCES;  // no descriptor free
    status = core::write(descriptor, event.get());
    if (status == STATUS_SUCCESS) event.release();
    return status;
}

}  // namespace
}  // namespace ntalpc::native

extern "C" NTSTATUS NtalpcOpenPortEvent(HANDLE PortHandle, int* Descriptor) {
    try {
        return ntalpc::native::open_port_event(PortHandle, Descriptor);
    } catch (const std::bad_alloc&) {
        return STATUS_NO_MEMORY;
    }
}
