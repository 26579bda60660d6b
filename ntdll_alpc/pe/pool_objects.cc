// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pe/pool_objects.h"

#include <cstddef>

#include "ntalpc/status.h"
#include "pe/function_hook.h"
#include "pe/heap.h"
#include "pe/pending_sends.h"
#include "pe/slim_lock.h"
#include "pe/unix_call.h"

extern "C" {
NTSTATUS NTAPI TpAllocWork(PTP_WORK* work, PTP_WORK_CALLBACK callback, PVOID context,
                           PTP_CALLBACK_ENVIRON environment);
void NTAPI TpPostWork(PTP_WORK work);
void NTAPI TpReleaseWork(PTP_WORK work);
void NTAPI TpWaitForWork(PTP_WORK work, BOOL cancel_pending);
}

// What the program's PTP_ALPC points to.
struct _TP_ALPC {
    PTP_WORK work;
    ntalpc::PoolCallback callback;
    bool extended;
    PVOID context;
    PTP_CLEANUP_GROUP group;
    PTP_CLEANUP_GROUP_CANCEL_CALLBACK cancel_callback;
    PTP_SIMPLE_CALLBACK finalization_callback;
    ULONG64 number;  // that the unix half announces messages under
    bool announced;  // posts may come
    bool released;   // by the program
    ULONG users;
    ULONG couplings;  // with completion lists; each is a user
    PTP_ALPC next;
};

namespace ntalpc {
namespace {

SlimLock lock;  // guards all that changes in objects, and the list of them
PTP_ALPC first;

void unlink(PTP_ALPC object) {
    for (PTP_ALPC* place = &first; *place; place = &(*place)->next) {
        if (*place != object) continue;
        *place = object->next;
        return;
    }
}

// One user less.
void let_go(PTP_ALPC object) {
    bool last;
    {
        const SlimGuard guard(lock);
        last = --object->users == 0;
        if (last) unlink(object);
    }
    if (last) free_memory(object);
}

void stop_posts(PTP_ALPC object) {
    {
        const SlimGuard guard(lock);
        object->announced = false;
    }
    StopAnnouncingParams params = {object->number};
    unix_call(UnixCall::StopAnnouncing, &params);
}

void NTAPI run_callback(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_WORK) {
    auto* const object = static_cast<PTP_ALPC>(context);
    {
        const RunningCallback running(instance);
        if (object->extended) {
            // What Windows passes as the APC context is not documented; its packets have none here either.
            object->callback.with_context(instance, object->context, object, nullptr);
        } else {
            object->callback.plain(instance, object->context, object);
        }
        if (object->finalization_callback) object->finalization_callback(instance, object->context);
    }
    let_go(object);
}

// ---- Cleanup groups ----
//
// The pool releases the members of a group itself when the group is closed, and tells nobody. The object has
// to know: it must not post a work item that is gone. So that one call of ntdll is replaced once there is an
// object in a group.

using ReleaseGroupMembers = void(NTAPI*)(PTP_CLEANUP_GROUP group, BOOL cancel_pending, PVOID context);
void* original_release_group_members;

// The objects of the group, out of the list of all, and kept from being freed.
PTP_ALPC take_members(PTP_CLEANUP_GROUP group) {
    const SlimGuard guard(lock);
    PTP_ALPC members = nullptr;
    for (PTP_ALPC* place = &first; *place;) {
        const PTP_ALPC object = *place;
        if (object->group != group) {
            place = &object->next;
            continue;
        }
        ++object->users;
        *place = object->next;
        object->next = members;
        members = object;
    }
    return members;
}

void NTAPI release_group_members(PTP_CLEANUP_GROUP group, BOOL cancel_pending, PVOID context) {
    PTP_ALPC members = take_members(group);
    for (PTP_ALPC object = members; object; object = object->next) {
        if (!object->released) stop_posts(object);
    }
    reinterpret_cast<ReleaseGroupMembers>(original_release_group_members)(group, cancel_pending, context);
    // Their callbacks have run or never will.
    while (const PTP_ALPC object = members) {
        members = object->next;
        if (cancel_pending && object->cancel_callback && !object->released)
            object->cancel_callback(object->context, context);
        free_memory(object);
    }
}

NTSTATUS watch_groups() {
    static SlimLock once;
    const SlimGuard guard(once);
    if (original_release_group_members) return STATUS_SUCCESS;
    const bool watched =
        hook_function("TpReleaseCleanupGroupMembers", reinterpret_cast<const void*>(&release_group_members),
                      &original_release_group_members);
    return watched ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
}

// The environment is the pool's affair, but for the callbacks that are given the context of the object.
NTSTATUS adopt_environment(PTP_ALPC object, PTP_CALLBACK_ENVIRON given, TP_CALLBACK_ENVIRON* used) {
    *used = {};
    constexpr TP_VERSION with_priority = 3;
    __builtin_memcpy(
        used, given,
        given->Version >= with_priority ? sizeof(*used) : offsetof(TP_CALLBACK_ENVIRON, CallbackPriority));
    object->group = given->CleanupGroup;
    object->cancel_callback = given->CleanupGroupCancelCallback;
    object->finalization_callback = given->FinalizationCallback;
    used->CleanupGroupCancelCallback = nullptr;
    used->FinalizationCallback = nullptr;
    return object->group ? watch_groups() : STATUS_SUCCESS;
}

NTSTATUS allocate_work(PTP_ALPC object, PTP_CALLBACK_ENVIRON environment) {
    if (!environment) return TpAllocWork(&object->work, &run_callback, object, nullptr);
    TP_CALLBACK_ENVIRON used;
    const NTSTATUS status = adopt_environment(object, environment, &used);
    return NT_SUCCESS(status) ? TpAllocWork(&object->work, &run_callback, object, &used) : status;
}

// Makes the object known first, because a message may be announced before the call returns.
NTSTATUS announce(PTP_ALPC object, HANDLE port) {
    {
        const SlimGuard guard(lock);
        object->announced = true;
        object->next = first;
        first = object;
    }
    AnnounceToPoolParams params = {port, &object->number};
    const NTSTATUS status = program_call(UnixCall::AnnounceToPool, &params);
    if (NT_SUCCESS(status)) return status;
    stop_posts(object);
    const SlimGuard guard(lock);
    unlink(object);
    return status;
}

}  // namespace

NTSTATUS allocate_pool_object(PTP_ALPC* made, HANDLE port, PoolCallback callback, bool extended,
                              PVOID context, PTP_CALLBACK_ENVIRON environment) {
    auto* const object = static_cast<PTP_ALPC>(allocate_memory(sizeof(_TP_ALPC)));
    if (!object) return STATUS_NO_MEMORY;
    *object = {};
    object->callback = callback;
    object->extended = extended;
    object->context = context;
    object->users = 1;
    NTSTATUS status = allocate_work(object, environment);
    if (NT_SUCCESS(status)) {
        *made = object;  // a callback may run at once
        status = announce(object, port);
        if (!NT_SUCCESS(status)) TpReleaseWork(object->work);
    }
    if (!NT_SUCCESS(status)) free_memory(object);
    return status;
}

void release_pool_object(PTP_ALPC object) {
    stop_posts(object);
    object->released = true;
    TpReleaseWork(object->work);
    let_go(object);
}

void wait_for_pool_object(PTP_ALPC object) {
    TpWaitForWork(object->work, FALSE);
}

void couple_completion_list(PTP_ALPC object) {
    const SlimGuard guard(lock);
    ++object->couplings;
    ++object->users;
}

void uncouple_completion_list(PTP_ALPC object) {
    {
        const SlimGuard guard(lock);
        if (object->couplings == 0) return;
        --object->couplings;
    }
    let_go(object);
}

// Under the lock, so that the object is not released meanwhile. The pool takes locks of its own for a post
// and calls nobody.
void post_to_pool_object(ULONG64 number, ULONG count) {
    const SlimGuard guard(lock);
    PTP_ALPC object = first;
    while (object && object->number != number) object = object->next;
    if (!object || !object->announced) return;
    object->users += count;
    for (; count != 0; --count) TpPostWork(object->work);
}

}  // namespace ntalpc
