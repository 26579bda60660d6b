// SPDX-License-Identifier: LGPL-2.1-or-later
// Threads of our own under Wine. They are threads of Wine: they begin in the PE half, which has said where,
// and come back to this half by a call.
#include <memory>

#include "core/host.h"
#include "ntalpc/status.h"
#include "wine/imports.h"
#include "wine/thread_start.h"

namespace ntalpc {
namespace {

constexpr ACCESS_MASK kThreadAllAccess = 0x1FFFFF;
constexpr ULONG kSkipThreadAttach = 2;  // the program's DLLs need not hear of it
constexpr SIZE_T kStack = 0x40000;

struct Start {
    void (*function)(void*);
    void* argument;
};

void* thread_start;  // written when the PE half attaches

}  // namespace

namespace wine {

void share_thread_start(void* start) {
    thread_start = start;
}

void run_thread(void* argument) {
    const std::unique_ptr<Start> start(static_cast<Start*>(argument));
    start->function(start->argument);
}

}  // namespace wine

namespace host {

NtStatus start_thread(void (*function)(void*), void* argument) {
    if (!thread_start) return STATUS_NOT_SUPPORTED;
    std::unique_ptr<Start> start(new Start{function, argument});
    HANDLE thread = nullptr;
    const NTSTATUS status =
        wine::nt_create_thread(&thread, kThreadAllAccess, nullptr, wine::kCurrentProcess, thread_start,
                               start.get(), kSkipThreadAttach, 0, kStack, kStack, nullptr);
    if (!NT_SUCCESS(status)) return status;
    start.release();
    wine::nt_close(thread);
    return STATUS_SUCCESS;
}

}  // namespace host
}  // namespace ntalpc
