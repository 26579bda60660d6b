// SPDX-License-Identifier: LGPL-2.1-or-later
// NtAlpc calls on port sections and their views.
#include "core/call_scope.h"
#include "core/capture.h"
#include "core/host_sections.h"
#include "core/message_views.h"
#include "generated/core_calls.h"

namespace ntalpc::core {

namespace {

void delete_view(CallScope& scope, std::uint64_t number) {
    wire::DeleteView::Request request;
    wire::DeleteView::Reply reply;
    wire::DeleteView::ReplyBlobs blobs;
    request.view = number;
    // When this fails the server is gone, and the view with it.
    scope.call<wire::DeleteView>(Blocking::no, request, {}, &reply, &blobs);
}

}  // namespace

// With the secured form there is nothing to wrap, and own memory has a size (phnt).
NTSTATUS NtAlpcCreatePortSection(HANDLE PortHandle, ULONG Flags, HANDLE SectionHandle, SIZE_T SectionSize,
                                 PALPC_HANDLE AlpcSectionHandle, PSIZE_T ActualSectionSize) {
    NTSTATUS status = probe_for_write(AlpcSectionHandle);
    if (status == STATUS_SUCCESS) status = probe_for_write(ActualSectionSize);
    if (status != STATUS_SUCCESS) return status;
    const bool secure = (Flags & ALPC_CREATEPORTSECTIONFLG_SECURE) != 0;
    if ((Flags & ~ALPC_CREATEPORTSECTIONFLG_SECURE) || (secure && SectionHandle) ||
        (!SectionHandle && SectionSize == 0)) {
        return STATUS_INVALID_PARAMETER;
    }
    wire::CreateSection::Request request;
    request.secure = secure ? 1 : 0;
    request.size = SectionSize;
    CallScope scope;
    if (status = scope.connect(PortHandle, &request.handle); status != STATUS_SUCCESS) return status;
    UniqueFd memory;
    if (SectionHandle) {
        status = host::section_descriptor(SectionHandle, &memory);
        if (status != STATUS_SUCCESS) return status;
    }
    wire::CreateSection::Reply reply;
    wire::CreateSection::ReplyBlobs blobs;
    status = scope.call<wire::CreateSection>(Blocking::no, request, {}, &reply, &blobs, {}, memory.get());
    if (status != STATUS_SUCCESS) return status;
    status =
        write(AlpcSectionHandle, reinterpret_cast<ALPC_HANDLE>(static_cast<std::uintptr_t>(reply.section)));
    return status == STATUS_SUCCESS ? write(ActualSectionSize, static_cast<SIZE_T>(reply.actual_size))
                                    : status;
}

NTSTATUS NtAlpcDeletePortSection(HANDLE PortHandle, ULONG Flags, ALPC_HANDLE SectionHandle) {
    if (Flags != 0) return STATUS_INVALID_PARAMETER;
    wire::DeleteSection::Request request;
    wire::DeleteSection::Reply reply;
    wire::DeleteSection::ReplyBlobs blobs;
    request.section = reinterpret_cast<std::uintptr_t>(SectionHandle);
    CallScope scope;
    if (const NTSTATUS status = scope.connect(PortHandle, &request.handle); status != STATUS_SUCCESS)
        return status;
    return scope.call<wire::DeleteSection>(Blocking::no, request, {}, &reply, &blobs);
}

NTSTATUS NtAlpcCreateSectionView(HANDLE PortHandle, ULONG Flags, PALPC_DATA_VIEW_ATTR ViewAttributes) {
    ALPC_DATA_VIEW_ATTR view;
    NTSTATUS status = read(ViewAttributes, &view);
    if (status == STATUS_SUCCESS) status = probe_for_write(ViewAttributes);
    if (status != STATUS_SUCCESS) return status;
    if (Flags != 0 || view.Flags != 0 || view.ViewBase) return STATUS_INVALID_PARAMETER;
    wire::CreateView::Request request;
    wire::CreateView::Reply reply;
    wire::CreateView::ReplyBlobs blobs;
    request.section = reinterpret_cast<std::uintptr_t>(view.SectionHandle);
    request.size = view.ViewSize;
    CallScope scope;
    if (status = scope.connect(PortHandle, &request.handle); status != STATUS_SUCCESS) return status;
    UniqueFd memory;
    status = scope.call<wire::CreateView>(Blocking::no, request, {}, &reply, &blobs, std::span(&memory, 1));
    if (status != STATUS_SUCCESS) return status;
    MessageView made{
        .id = {reply.view, scope.channel().generation()}, .size = reply.size, .port = PortHandle};
    status = memory ? map_view(made, std::move(memory), reply.offset, true, &view.ViewBase)
                    : STATUS_INSUFFICIENT_RESOURCES;
    if (status != STATUS_SUCCESS) {
        delete_view(scope, reply.view);
        return status;
    }
    view.ViewSize = static_cast<SIZE_T>(reply.size);
    return write(ViewAttributes, view);
}

// A view outlives the server that knew it, until the program lets go.
NTSTATUS NtAlpcDeleteSectionView(HANDLE PortHandle, ULONG Flags, PVOID ViewBase) {
    if (Flags != 0) return STATUS_INVALID_PARAMETER;
    MessageView view;
    wire::DeleteView::Request request;
    wire::DeleteView::Reply reply;
    wire::DeleteView::ReplyBlobs blobs;
    CallScope scope;
    NTSTATUS status = scope.connect(PortHandle, &request.handle);
    const bool dead = status == STATUS_PORT_DISCONNECTED;
    if (status != STATUS_SUCCESS && !dead) return status;
    if (!find_view(ViewBase, &view) || (dead && view.port != PortHandle)) return STATUS_INVALID_PARAMETER;
    if (!dead && view.id.generation != scope.channel().generation()) return STATUS_INVALID_PARAMETER;
    request.view = view.id.number;
    if (!dead) status = scope.call<wire::DeleteView>(Blocking::no, request, {}, &reply, &blobs);
    if (status != STATUS_SUCCESS && !dead) return status;
    if (!forget_view(view.id)) return STATUS_INVALID_PARAMETER;
    unmap_view(view);
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::core
