// SPDX-License-Identifier: LGPL-2.1-or-later
// What the PE half asks of the unix half besides the calls of programs.
#include "core/associations.h"
#include "core/capability_cache.h"
#include "core/host.h"
#include "core/completion_list_pump.h"
#include "core/left_call.h"
#include "core/leases.h"
#include "core/message_views.h"
#include "core/object_information.h"
#include "core/object_security.h"
#include "core/port_handle.h"
#include "core/port_state.h"
#include "core/port_views.h"
#include "generated/core_calls.h"
#include "ntalpc/status.h"
#include "wine/hints.h"
#include "wine/keeper.h"
#include "wine/noted_handles.h"
#include "wine/recent_handles.h"
#include "wine/targets.h"
#include "wine/thread_start.h"
#include "wine/token_changes.h"

namespace ntalpc::internal {

NTSTATUS ShareHandleKinds(PVOID Kinds, ULONG Count) {
    wine::share_handle_kinds(static_cast<HandleKindByte*>(Kinds), Count);
    return STATUS_SUCCESS;
}

NTSTATUS ShareTokenChanges(PVOID Counters) {
    wine::share_token_changes(static_cast<TokenChangeCounter*>(Counters));
    return STATUS_SUCCESS;
}

NTSTATUS ShareThreadStart(PVOID Start) {
    wine::share_thread_start(Start);
    return STATUS_SUCCESS;
}

NTSTATUS RunThread(PVOID Argument) {
    wine::run_thread(Argument);
    return STATUS_SUCCESS;
}

NTSTATUS CompletionListRoom(PVOID CompletionList) {
    core::completion_list_room(CompletionList);
    return STATUS_SUCCESS;
}

NTSTATUS IsCapability(HANDLE Handle) {
    const host::CallGuard guard;
    wine::RecentHandles::instance().forget(Handle);
    UniqueFd descriptor;
    return host::duplicate_descriptor(Handle, &descriptor);
}

NTSTATUS HandleCloses(HANDLE Handle) {
    core::Leases::instance().handle_closes(Handle);
    core::handle_closes(Handle);
    const host::CallGuard guard;
    wine::Targets::instance().handle_closes(Handle);
    if (UniqueFd descriptor; host::duplicate_descriptor(Handle, &descriptor) == STATUS_SUCCESS)
        core::forget_capability(core::capability_cookie(descriptor.get()));
    return core::has_views(Handle) ? STATUS_PENDING : STATUS_SUCCESS;
}

NTSTATUS HandleClosed(HANDLE Handle) {
    core::port_closed(Handle);
    return STATUS_SUCCESS;
}

NTSTATUS ViewUnmaps(PVOID Address) {
    core::view_unmaps(Address);
    return STATUS_SUCCESS;
}

NTSTATUS WaitForPorts(PHANDLE Handles, ULONG Count, BOOLEAN All, BOOLEAN Leaving, PLARGE_INTEGER Timeout,
                      PULONG Index) {
    return core::wait_for_ports(Handles, Count, All, Timeout,
                                Leaving ? core::Blocking::leaving : core::Blocking::yes, Index);
}

NTSTATUS QueryCapability(HANDLE Handle, ULONG InformationClass, PVOID Buffer, ULONG Length,
                         PULONG ReturnLength) {
    return core::query_object(Handle, InformationClass, Buffer, Length, ReturnLength);
}

NTSTATUS ShareHelper(PVOID Start) {
    wine::Hints::instance().set_helper(Start);
    return STATUS_SUCCESS;
}

NTSTATUS QueryCapabilitySecurity(HANDLE Handle, ULONG SecurityInformation, PVOID SecurityDescriptor,
                                 ULONG Length, PULONG LengthNeeded) {
    return core::query_security(Handle, SecurityInformation, SecurityDescriptor, Length, LengthNeeded);
}

NTSTATUS SetCapabilitySecurity(HANDLE Handle, ULONG SecurityInformation, PVOID SecurityDescriptor) {
    return core::set_security(Handle, SecurityInformation, SecurityDescriptor);
}

NTSTATUS HintWhenAnswered(PHANDLE Event, PBOOLEAN NeedsHelper) {
    const host::CallGuard guard;
    const int socket = core::left_call_answers();
    if (socket < 0) return STATUS_INVALID_PARAMETER;
    bool needs_helper = false;
    const NTSTATUS status = wine::Hints::instance().request(socket, Event, &needs_helper);
    *NeedsHelper = needs_helper;
    return status;
}

NTSTATUS ServeHints(BOOLEAN Begin, PULONG64 PoolObject, PULONG Count) {
    wine::PoolPost post;
    if (!wine::Hints::instance().serve(Begin, &post)) return STATUS_NO_MORE_ENTRIES;
    *PoolObject = post.target;
    *Count = post.count;
    return STATUS_SUCCESS;
}

// The number is told before the first message can be announced.
NTSTATUS AnnounceToPool(HANDLE PortHandle, PULONG64 PoolObject) {
    {
        const host::CallGuard guard;
        *PoolObject = wine::Targets::instance().add_pool_object();
    }
    return core::announce_to(PortHandle, *PoolObject);
}

NTSTATUS StopAnnouncing(ULONG64 PoolObject) {
    return core::stop_announcing(PoolObject);
}

NTSTATUS ThreadEnds() {
    const host::CallGuard guard;
    wine::Hints::instance().look_around();
    return STATUS_SUCCESS;
}

NTSTATUS KeepHandles() {
    return wine::keep_handles();
}

NTSTATUS TakeUpCall(NTSTATUS Outcome) {
    return core::take_up_call(Outcome);
}

}  // namespace ntalpc::internal
