// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/associations.h"

#include <cstring>

#include "core/call_scope.h"
#include "core/capture.h"

namespace ntalpc::core {

NTSTATUS announce_to(HANDLE port, host::Target target) {
    wire::AssociatePort::Request request;
    wire::AssociatePort::Reply reply;
    wire::AssociatePort::ReplyBlobs blobs;
    request.cookie = target;
    NTSTATUS status;
    {
        CallScope scope;
        status = scope.connect(port, &request.handle);
        if (status == STATUS_SUCCESS) {
            status = scope.call<wire::AssociatePort>(Blocking::no, request, {}, &reply, &blobs);
        }
    }
    if (status == STATUS_SUCCESS) return host::begin_announcing();
    host::forget_target(target);
    return status;
}

NTSTATUS associate_completion_port(HANDLE port, PVOID information, ULONG length) {
    if (length != sizeof(ALPC_PORT_ASSOCIATE_COMPLETION_PORT)) return STATUS_INFO_LENGTH_MISMATCH;
    ALPC_PORT_ASSOCIATE_COMPLETION_PORT wanted;
    NTSTATUS status = read(static_cast<ALPC_PORT_ASSOCIATE_COMPLETION_PORT*>(information), &wanted);
    if (status != STATUS_SUCCESS) return status;
    host::Target target = 0;
    status = host::keep_completion_port(wanted.CompletionPort, wanted.CompletionKey, &target);
    return status == STATUS_SUCCESS ? announce_to(port, target) : status;
}

NTSTATUS stop_announcing(host::Target target) {
    host::forget_target(target);
    wire::DropAssociation::Request request;
    wire::DropAssociation::Reply reply;
    wire::DropAssociation::ReplyBlobs blobs;
    request.cookie = target;
    CallScope scope;
    const NTSTATUS status = scope.connect();
    if (status != STATUS_SUCCESS) return status;
    return scope.call<wire::DropAssociation>(Blocking::no, request, {}, &reply, &blobs);
}

NTSTATUS take_notes(void (*take)(const wire::Note& note)) {
    CallScope scope;
    if (const NTSTATUS status = scope.connect(); status != STATUS_SUCCESS) return status;
    wire::TakeNotes::Request request;
    return scope.call_then<wire::TakeNotes>(
        Blocking::leaving, request, {}, [take](NTSTATUS status, const auto&, const auto& blobs, Descriptors) {
            for (std::size_t at = 0; at + sizeof(wire::Note) <= blobs.notes.size();
                 at += sizeof(wire::Note)) {
                wire::Note note;
                std::memcpy(&note, blobs.notes.data() + at, sizeof(note));
                take(note);
            }
            return status;
        });
}

}  // namespace ntalpc::core
