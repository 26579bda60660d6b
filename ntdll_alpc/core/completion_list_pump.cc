// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/completion_list_pump.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "core/capture.h"
#include "core/list_registrations.h"
#include "core/view_attribute.h"
#include "ntalpc/completion_list_action.h"

namespace ntalpc::core {

namespace {

using Registration = std::shared_ptr<ListRegistration>;

NTSTATUS control(CallScope& scope, std::uint64_t handle, CompletionListAction action) {
    wire::ControlCompletionList::Request request;
    wire::ControlCompletionList::Reply reply;
    wire::ControlCompletionList::ReplyBlobs blobs;
    request.handle = handle;
    request.action = static_cast<std::uint32_t>(action);
    return scope.call<wire::ControlCompletionList>(Blocking::yes, request, {}, &reply, &blobs);
}

// ---- The pump ----

// The last message's attributes may take calls, and by then nothing else of the batch is needed. `memory` is
// that of its view.
void put_batch(Channel& channel, ListRegistration& list, std::uint32_t count, wire::Bytes batch,
               UniqueFd memory) {
    for (std::uint32_t i = 0; i < count; ++i) {
        wire::ListedMessage message;
        if (batch.size() < sizeof(message)) throw ListGone();
        std::memcpy(&message, batch.data(), sizeof(message));
        batch = batch.subspan(sizeof(message));
        const std::size_t size = message.message.data_length;
        if (batch.size() < size) throw ListGone();
        const bool last = i + 1 == count;
        const bool mapped =
            map_received_view(channel, list.port, last ? std::move(memory) : UniqueFd(), &message.attributes);
        list.writer.add(message, batch.first(size), list.handle);
        if (!mapped) give_up_view(channel, message.attributes.view);
        batch = batch.subspan(std::min((size + 7) / 8 * 8, batch.size()));
    }
}

// How many waiting threads to wake for new messages: no more than may work at once.
std::uint32_t to_be_woken(std::uint32_t published, std::uint32_t concurrency, std::uint32_t active) {
    if (concurrency == 0) return published;
    return active >= concurrency ? 0 : std::min(published, concurrency - active);
}

NTSTATUS connect(CallScope& scope) {
    try {
        return scope.connect();
    } catch (const std::bad_alloc&) {
        return STATUS_NO_MEMORY;
    }
}

// Until the server says that the list, the port or itself is no more.
void serve(CallScope& scope, ListRegistration& list) {
    wire::FetchCompletionList::Request request;
    request.handle = list.handle;
    request.attribute_flags = list.attribute_flags & ALPC_MESSAGE_ATTRIBUTE_ALL;
    request.attribute_size = list_attribute_size(list.attribute_flags);
    for (;;) {
        wire::FetchCompletionList::Reply reply;
        wire::FetchCompletionList::ReplyBlobs blobs;
        const CompletionListWriter::Room room = list.writer.find_room();
        request.room = room.bytes;
        request.most = room.messages;
        UniqueFd memory;
        const NTSTATUS status = scope.call<wire::FetchCompletionList>(Blocking::yes, request, {}, &reply,
                                                                      &blobs, std::span(&memory, 1));
        request.published = request.wake = request.blocked = 0;
        if (status == STATUS_BUFFER_TOO_SMALL) {
            list.writer.ask_for_room();
            request.blocked = 1;
        } else if (status != STATUS_SUCCESS) {
            return;
        } else if (reply.count != 0) {
            put_batch(scope.channel(), list, reply.count, blobs.messages, std::move(memory));
            const std::uint32_t active = list.writer.publish();
            list.posts += reply.count;
            request.published = reply.count;
            request.wake = to_be_woken(reply.count, list.concurrency, active);
        }
    }
}

void run_pump(void* argument) {
    const std::unique_ptr<Registration> owned(static_cast<Registration*>(argument));
    ListRegistration& list = **owned;
    CallScope scope;
    try {
        const NTSTATUS status = connect(scope);
        list.pump_start.tell(status);
        if (status == STATUS_SUCCESS && scope.channel().generation() == list.generation) serve(scope, list);
    } catch (const ListGone&) {
        host::log(host::LogLevel::error,
                  "a completion list is given up: its memory is gone; unregister it before it is freed");
        control(scope, list.handle, CompletionListAction::give_up);
    } catch (const std::bad_alloc&) {
        host::log(host::LogLevel::error, "a completion list is given up: there is no memory");
        control(scope, list.handle, CompletionListAction::give_up);
    }
    ListRegistrations::instance().remove(list);
}

NTSTATUS start_pump(const Registration& list) {
    auto argument = std::make_unique<Registration>(list);
    const NTSTATUS status = host::start_thread(run_pump, argument.get());
    if (status != STATUS_SUCCESS) return status;
    argument.release();
    // A pump that cannot connect cannot tell the server either. A thread that is not let start for now, as
    // while Windows' loader is busy, is not waited for.
    constexpr std::chrono::seconds limit{2};
    const NTSTATUS connected = list->pump_start.wait(limit);
    return connected == STATUS_TIMEOUT ? NTSTATUS{STATUS_SUCCESS} : connected;
}

// ---- Registration ----

NTSTATUS make_registration(HANDLE port, PVOID information, ULONG length, Registration* made) {
    if (length != sizeof(ALPC_PORT_COMPLETION_LIST_INFORMATION)) return STATUS_INFO_LENGTH_MISMATCH;
    ALPC_PORT_COMPLETION_LIST_INFORMATION given;
    NTSTATUS status = read(static_cast<ALPC_PORT_COMPLETION_LIST_INFORMATION*>(information), &given);
    if (status != STATUS_SUCCESS) return status;
    if (reinterpret_cast<std::uintptr_t>(given.Buffer) % sizeof(std::uint64_t) != 0)
        return STATUS_DATATYPE_MISALIGNMENT;
    const ListLayout layout = ListLayout::fitting(given.Size);
    if (layout.chunks == 0) return STATUS_BUFFER_TOO_SMALL;
    if (status = probe_for_write(given.Buffer, given.Size); status != STATUS_SUCCESS) return status;
    *made = std::make_shared<ListRegistration>(given.Buffer, layout, given.AttributeFlags);
    (*made)->port = port;
    (*made)->concurrency = given.ConcurrencyCount;
    return STATUS_SUCCESS;
}

// The server has heard of the list, so no message goes any other way.
NTSTATUS begin(CallScope& scope, const Registration& list) {
    list->generation = scope.channel().generation();
    NTSTATUS status = list->writer.format() ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
    if (status == STATUS_SUCCESS) {
        ListRegistrations::instance().add(list);
        status = start_pump(list);
    }
    if (status == STATUS_SUCCESS) return status;
    ListRegistrations::instance().remove(*list);
    control(scope, list->handle, CompletionListAction::give_up);
    return status;
}

// For the classes that have nothing to say but which port is meant.
NTSTATUS control_list_of(HANDLE port, ULONG length, CompletionListAction action) {
    if (length != 0) return STATUS_INFO_LENGTH_MISMATCH;
    CallScope scope;
    std::uint64_t handle = 0;
    NTSTATUS status = scope.connect(port, &handle);
    if (status == STATUS_SUCCESS) status = control(scope, handle, action);
    if (status != STATUS_SUCCESS || action != CompletionListAction::unregister) return status;
    // The pump will do so too, but the list must not be found from now on.
    const Registration list = ListRegistrations::instance().find(scope.channel().generation(), handle);
    if (list) ListRegistrations::instance().remove(*list);
    return status;
}

}  // namespace

NTSTATUS register_completion_list(HANDLE port, PVOID information, ULONG length) {
    Registration list;
    NTSTATUS status = make_registration(port, information, length, &list);
    CallScope scope;
    if (status == STATUS_SUCCESS) status = scope.connect(port, &list->handle);
    if (status != STATUS_SUCCESS) return status;
    wire::RegisterCompletionList::Request request;
    wire::RegisterCompletionList::Reply reply;
    wire::RegisterCompletionList::ReplyBlobs blobs;
    request.handle = list->handle;
    status = scope.call<wire::RegisterCompletionList>(Blocking::no, request, {}, &reply, &blobs);
    return status == STATUS_SUCCESS ? begin(scope, list) : status;
}

NTSTATUS unregister_completion_list(HANDLE port, ULONG length) {
    return control_list_of(port, length, CompletionListAction::unregister);
}

NTSTATUS run_down_completion_list(HANDLE port, ULONG length) {
    return control_list_of(port, length, CompletionListAction::run_down);
}

// More threads may work now than were woken for what is in the list.
NTSTATUS adjust_concurrency_count(HANDLE port, PVOID information, ULONG length) {
    if (length != sizeof(ULONG)) return STATUS_INFO_LENGTH_MISMATCH;
    ULONG count = 0;
    NTSTATUS status = read(static_cast<ULONG*>(information), &count);
    CallScope scope;
    std::uint64_t handle = 0;
    if (status == STATUS_SUCCESS) status = scope.connect(port, &handle);
    if (status != STATUS_SUCCESS) return status;
    const Registration list = ListRegistrations::instance().find(scope.channel().generation(), handle);
    if (!list) return STATUS_INVALID_PARAMETER;
    list->concurrency = count;
    return control(scope, handle, CompletionListAction::wake);
}

// The number first: what is posted after it was read makes the server say that there is news.
ListLook look_at_completion_list(const Channel& channel, std::uint64_t handle) {
    const Registration list = ListRegistrations::instance().find(channel.generation(), handle);
    if (!list) return {};
    const std::uint64_t posts = list->posts;
    try {
        const auto state = BasicCompletionList(ProgramWords(list->base), list->writer.layout()).state();
        return {!state.empty(), posts + 1};
    } catch (const ListGone&) {
        return {};
    }
}

void completion_list_room(void* place) {
    CallScope scope;
    const Registration list = ListRegistrations::instance().find(place);
    if (list && scope.connect() == STATUS_SUCCESS && scope.channel().generation() == list->generation)
        control(scope, list->handle, CompletionListAction::room);
}

}  // namespace ntalpc::core
