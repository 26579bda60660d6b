// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/view_attribute.h"

#include <fcntl.h>

#include <array>

#include "core/capture.h"
#include "core/message_views.h"

namespace ntalpc::core {

namespace {

void* pointer_of(std::uint64_t number) {
    return reinterpret_cast<void*>(static_cast<std::uintptr_t>(number));
}

// Both are notes to the server that need no answer but that they have been taken.
template <class Type>
void note(Channel& channel, std::uint64_t view) {
    host::CallGuard guard;
    typename Type::Request request;
    typename Type::Reply reply;
    typename Type::ReplyBlobs blobs;
    request.view = view;
    // When this fails the server is gone, and what it knows of the view with it.
    channel.call<Type>(guard, Blocking::no, request, {}, &reply, &blobs);
}

}  // namespace

NTSTATUS capture_view(const ALPC_DATA_VIEW_ATTR* where, wire::MessageAttributes* captured) {
    ALPC_DATA_VIEW_ATTR view;
    if (const NTSTATUS status = read(where, &view); status != STATUS_SUCCESS) return status;
    captured->view_flags = view.Flags;
    captured->view_section = reinterpret_cast<std::uintptr_t>(view.SectionHandle);
    captured->view_base = reinterpret_cast<std::uintptr_t>(view.ViewBase);
    captured->view_size = view.ViewSize;
    return STATUS_SUCCESS;
}

NTSTATUS write_view(ALPC_DATA_VIEW_ATTR* where, const wire::MessageAttributes& received) {
    ALPC_DATA_VIEW_ATTR view{};
    view.Flags = received.view_flags;
    view.ViewBase = pointer_of(received.view_base);
    view.ViewSize = static_cast<SIZE_T>(received.view_size);
    return write(where, view);
}

NTSTATUS OutgoingView::prepare(CallScope& scope, wire::MessageAttributes* attributes) {
    if (!(attributes->valid & ALPC_MESSAGE_VIEW_ATTRIBUTE)) return STATUS_SUCCESS;
    MessageView view;
    // What is not found is refused by the server, in the order of its checks.
    if (!find_view(pointer_of(attributes->view_base), &view) ||
        view.id.generation != scope.channel().generation()) {
        return STATUS_SUCCESS;
    }
    attributes->view = view.id.number;
    // Its receiver may have given it back, or died, since this process last heard of it.
    if (view.read_only) {
        if (const NTSTATUS status = flush_views(scope); status != STATUS_SUCCESS) return status;
    }
    return attributes->view_flags & ALPC_VIEWFLG_SECURED_ACCESS ? secure(scope, view.id.number)
                                                                : STATUS_SUCCESS;
}

// The seal can only be set while nobody has the memory mapped for writing. The sender pays for it, not the
// server, which only looks whether it is there.
NTSTATUS OutgoingView::secure(CallScope& scope, std::uint64_t number) {
    wire::SecureView::Request request;
    wire::SecureView::Reply reply;
    wire::SecureView::ReplyBlobs blobs;
    request.view = number;
    std::array<UniqueFd, 2> memory;
    NTSTATUS status = scope.call<wire::SecureView>(Blocking::no, request, {}, &reply, &blobs, memory);
    if (status != STATUS_SUCCESS) return status;
    if (!memory[0] || !memory[1]) return STATUS_INSUFFICIENT_RESOURCES;
    secured_ = number;
    status = make_view_read_only({number, scope.channel().generation()}, std::move(memory[0]));
    if (status == STATUS_SUCCESS && fcntl(memory[1].get(), F_ADD_SEALS, F_SEAL_WRITE) != 0)
        status = STATUS_RESOURCE_IN_USE;
    if (status != STATUS_SUCCESS) finish(scope.channel(), false);
    return status;
}

void OutgoingView::finish(Channel& channel, bool sent) const {
    if (secured_ != 0 && !sent) note<wire::UnsecureView>(channel, secured_);
}

bool map_received_view(Channel& channel, HANDLE port, UniqueFd memory, wire::MessageAttributes* received) {
    if (!(received->valid & ALPC_MESSAGE_VIEW_ATTRIBUTE)) return true;
    const MessageView view{
        .id = {received->view, channel.generation()}, .size = received->view_size, .port = port};
    void* base = nullptr;
    const bool writable = !(received->view_flags & ALPC_VIEWFLG_SECURED_ACCESS);
    const NTSTATUS status = memory ? map_view(view, std::move(memory), received->view_offset, writable, &base)
                                   : STATUS_INSUFFICIENT_RESOURCES;
    received->view_base = reinterpret_cast<std::uintptr_t>(base);
    if (status == STATUS_SUCCESS) return true;
    received->valid &= ~ALPC_MESSAGE_VIEW_ATTRIBUTE;
    host::log(host::LogLevel::error, "a received view cannot be mapped; free some memory or descriptors");
    return false;
}

void give_up_view(Channel& channel, std::uint64_t number) {
    note<wire::DeleteView>(channel, number);
}

}  // namespace ntalpc::core
