// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pe/left_calls.h"

#include <atomic>

#include "core/left_call.h"
#include "ntalpc/status.h"
#include "pe/hooks.h"
#include "pe/pool_objects.h"
#include "pe/unix_call.h"

extern "C" {
NTSTATUS NTAPI NtCreateThreadEx(HANDLE* thread, ACCESS_MASK access, OBJECT_ATTRIBUTES* attributes,
                                HANDLE process, PVOID start, PVOID argument, ULONG flags, ULONG_PTR zero_bits,
                                SIZE_T stack_commit, SIZE_T stack_reserve, PVOID attribute_list);
NTSTATUS NTAPI NtClose(HANDLE handle);
NTSTATUS NTAPI NtWaitForSingleObject(HANDLE handle, BOOLEAN alertable, PLARGE_INTEGER timeout);
}

namespace ntalpc {
namespace {

constexpr ACCESS_MASK kThreadAllAccess = 0x1FFFFF;
constexpr ULONG kSkipThreadAttach = 2;  // the program's DLLs need not hear of the helper
constexpr SIZE_T kHelperStack = 0x10000;

std::atomic<NTSTATUS> last_exit_status;

ULONG WINAPI serve_hints(void*) {
    ULONG64 pool_object = 0;
    ULONG count = 0;
    ServeHintsParams params = {TRUE, &pool_object, &count};
    while (unix_call(UnixCall::ServeHints, &params) == STATUS_SUCCESS) {
        post_to_pool_object(pool_object, count);
        params.Begin = FALSE;
    }
    return helper_exit_status();
}

NTSTATUS start_helper() {
    const HANDLE current_process = reinterpret_cast<HANDLE>(static_cast<LONG_PTR>(-1));
    HANDLE thread = nullptr;
    const NTSTATUS status = NtCreateThreadEx(&thread, kThreadAllAccess, nullptr, current_process,
                                             reinterpret_cast<PVOID>(&serve_hints), nullptr,
                                             kSkipThreadAttach, 0, kHelperStack, kHelperStack, nullptr);
    if (NT_SUCCESS(status)) NtClose(thread);
    return status;
}

}  // namespace

void share_helper() {
    ShareHelperParams params = {reinterpret_cast<PVOID>(&serve_hints)};
    unix_call(UnixCall::ShareHelper, &params);
}

NTSTATUS hint_event(HANDLE* event) {
    BOOLEAN needs_helper = FALSE;
    HintWhenAnsweredParams params = {event, &needs_helper};
    const NTSTATUS status = unix_call(UnixCall::HintWhenAnswered, &params);
    return NT_SUCCESS(status) && needs_helper ? start_helper() : status;
}

NTSTATUS take_up_call(NTSTATUS outcome) {
    TakeUpCallParams params = {outcome};
    return unix_call(UnixCall::TakeUpCall, &params);
}

NTSTATUS NTAPI terminate_and_note(HANDLE thread, NTSTATUS status) {
    last_exit_status = status;
    ThreadEndsParams params;
    unix_call(UnixCall::ThreadEnds, &params);
    return original_NtTerminateThread(thread, status);
}

ULONG helper_exit_status() {
    return static_cast<ULONG>(last_exit_status.load());
}

// Unwinds wait_for_hint(), for an exception or a jump out of a procedure. Nobody will take the call up, so it
// ends here, before it takes a message that others may have. The memory that its results go to is still
// there.
extern "C" [[gnu::used]] EXCEPTION_DISPOSITION NTAPI ntalpc_wait_is_left(EXCEPTION_RECORD*, PVOID, CONTEXT*,
                                                                         PVOID) {
    take_up_call(STATUS_USER_APC);
    return ExceptionContinueSearch;
}

// Runs the procedures that have been queued to this thread.
[[gnu::noinline]] static NTSTATUS wait_for_hint(HANDLE event) {
    asm volatile(".seh_handler ntalpc_wait_is_left, @unwind");
    const NTSTATUS status = NtWaitForSingleObject(event, TRUE, nullptr);
    asm volatile("nop");  // a return address right before an epilogue has no handler
    return status;
}

NTSTATUS wait_alertably() {
    NTSTATUS status;
    do {
        HANDLE event = nullptr;
        status = hint_event(&event);
        if (NT_SUCCESS(status)) status = wait_for_hint(event);
        status = take_up_call(status);
    } while (status == core::kCallLeft);
    return status;
}

}  // namespace ntalpc
