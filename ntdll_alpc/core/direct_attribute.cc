// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/direct_attribute.h"

#include <sys/socket.h>

#include <cerrno>

#include "core/attributes.h"
#include "core/capture.h"
#include "core/host_events.h"

namespace ntalpc::core {

NTSTATUS prepare_direct_event(CallScope& scope, ALPC_MESSAGE_ATTRIBUTES* buffer,
                              const wire::MessageAttributes& captured) {
    ALPC_DIRECT_ATTR given{};
    const auto* const where = reinterpret_cast<const char*>(buffer) +
                              attributes::offset_of(captured.allocated, ALPC_MESSAGE_DIRECT_ATTRIBUTE);
    NTSTATUS status = read(reinterpret_cast<const ALPC_DIRECT_ATTR*>(where), &given);
    if (status != STATUS_SUCCESS) return status;
    wire::PrepareDirectEvent::Request request;
    wire::PrepareDirectEvent::Reply reply;
    wire::PrepareDirectEvent::ReplyBlobs blobs;
    UniqueFd socket;
    status = scope.call<wire::PrepareDirectEvent>(Blocking::no, request, {}, &reply, &blobs,
                                                  std::span(&socket, 1));
    if (status != STATUS_SUCCESS) return status;
    if (!socket) return STATUS_INSUFFICIENT_RESOURCES;  // no descriptor free
    return host::set_event_when_processed(given.EventHandle, std::move(socket));
}

DirectWatch::News DirectWatch::look() {
    for (;;) {
        char byte;
        const ssize_t size = recv(socket_.get(), &byte, sizeof(byte), MSG_DONTWAIT);
        if (size > 0) {
            taken_ = true;
        } else if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
            return News::none;
        } else {
            return taken_ ? News::processed : News::not_sent;
        }
    }
}

}  // namespace ntalpc::core
