// SPDX-License-Identifier: LGPL-2.1-or-later
// Putting jumps into the thunks of the loaded ntdll.
//
// A thunk of a system call begins
//
//     4c 8b d1          mov r10, rcx
//     b8 nn nn nn nn    mov eax, number
//
// and these eight bytes are replaced by one store, so that a thread finds either the old or the new code:
//
//     ff 25 dd eb fb dd jmp [rip + displacement]
//
// A thread may have run the first of the two old instructions and be stopped before the second. For it the
// bytes at offset 3 must make sense as well: eb fb jumps back by five bytes, to offset 0, and from there all
// goes on as for everybody else, because the first old instruction only copied a register that the
// replacement ignores. The displacement is so half prescribed, and the pointer that the jump reads has to be
// put where it leads.
//
// The rest of the thunk stays, and the original call is made by running the two instructions elsewhere and
// jumping to the rest.
#include "pe/hooks.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ntalpc/status.h"
#include "pe/left_calls.h"
#include "pe/ntdll_exports.h"
#include "pe/object_hooks.h"
#include "pe/port_waits.h"
#include "pe/token_hooks.h"

extern "C" {
NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE process, PVOID* address, ULONG_PTR zero_bits, SIZE_T* size,
                                       ULONG type, ULONG protection);
NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE process, PVOID* address, SIZE_T* size, ULONG type);
NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE process, PVOID* address, SIZE_T* size, ULONG protection,
                                      ULONG* old_protection);

// Read by the code below: the call numbers, and where the thunks go on after the replaced instructions.
std::uint32_t ntalpc_call_numbers[15];
const void* ntalpc_call_rests[15];
}

#define ORIGINAL_CALL(index, name)                   \
    asm(".globl original_" name                      \
        "\n"                                         \
        "original_" name                             \
        ":\n"                                        \
        "    movq %rcx, %r10\n"                      \
        "    movl ntalpc_call_numbers + 4 * " #index \
        "(%rip), %eax\n"                             \
        "    jmp *ntalpc_call_rests + 8 * " #index "(%rip)\n")
ORIGINAL_CALL(0, "NtAdjustGroupsToken");
ORIGINAL_CALL(1, "NtAdjustPrivilegesToken");
ORIGINAL_CALL(2, "NtClose");
ORIGINAL_CALL(3, "NtDuplicateObject");
ORIGINAL_CALL(4, "NtFsControlFile");
ORIGINAL_CALL(5, "NtQueryObject");
ORIGINAL_CALL(6, "NtQuerySecurityObject");
ORIGINAL_CALL(7, "NtSetInformationThread");
ORIGINAL_CALL(8, "NtSetInformationToken");
ORIGINAL_CALL(9, "NtSetSecurityObject");
ORIGINAL_CALL(10, "NtSignalAndWaitForSingleObject");
ORIGINAL_CALL(11, "NtTerminateThread");
ORIGINAL_CALL(12, "NtUnmapViewOfSection");
ORIGINAL_CALL(13, "NtWaitForMultipleObjects");
ORIGINAL_CALL(14, "NtWaitForSingleObject");

namespace ntalpc {
namespace {

constexpr std::size_t kReplaced = 8;
constexpr std::uint64_t kCallNumberLimit = 0x1000;

// In the order of the numbers above.
const HookedCall kCalls[] = {
    {"NtAdjustGroupsToken", reinterpret_cast<const void*>(&adjust_groups_and_note)},
    {"NtAdjustPrivilegesToken", reinterpret_cast<const void*>(&adjust_privileges_and_note)},
    {"NtClose", reinterpret_cast<const void*>(&close_and_forget)},
    {"NtDuplicateObject", reinterpret_cast<const void*>(&duplicate_and_forget)},
    {"NtFsControlFile", reinterpret_cast<const void*>(&control_file_and_note)},
    {"NtQueryObject", reinterpret_cast<const void*>(&query_any_object)},
    {"NtQuerySecurityObject", reinterpret_cast<const void*>(&query_any_security)},
    {"NtSetInformationThread", reinterpret_cast<const void*>(&set_thread_and_note)},
    {"NtSetInformationToken", reinterpret_cast<const void*>(&set_token_and_note)},
    {"NtSetSecurityObject", reinterpret_cast<const void*>(&set_any_security)},
    {"NtSignalAndWaitForSingleObject", reinterpret_cast<const void*>(&signal_and_wait_for_any)},
    {"NtTerminateThread", reinterpret_cast<const void*>(&terminate_and_note)},
    {"NtUnmapViewOfSection", reinterpret_cast<const void*>(&unmap_and_forget)},
    {"NtWaitForMultipleObjects", reinterpret_cast<const void*>(&wait_for_several)},
    {"NtWaitForSingleObject", reinterpret_cast<const void*>(&wait_for_one)},
};
constexpr std::size_t kCallCount = std::size(kCalls);
static_assert(kCallCount == std::size(ntalpc_call_numbers) && kCallCount == std::size(ntalpc_call_rests));

using Thunk = std::uint64_t*;  // its first eight bytes

const HANDLE kCurrentProcess = reinterpret_cast<HANDLE>(static_cast<LONG_PTR>(-1));

// The displacement of the jump: its two middle bytes are eb fb, the lowest is chosen such that the pointer is
// aligned (the jump ends 6 bytes into an aligned thunk), the highest is free.
constexpr std::int64_t displacement(int highest) {
    return highest * std::int64_t{0x1000000} + 0xfbeb02;
}

std::uintptr_t pointer_place(Thunk thunk, int highest) {
    return reinterpret_cast<std::uintptr_t>(thunk) + 6 + static_cast<std::uintptr_t>(displacement(highest));
}

bool find_thunks(Thunk (&thunks)[kCallCount]) {
    for (std::size_t i = 0; i < kCallCount; ++i) {
        thunks[i] = static_cast<Thunk>(ntdll_export(kCalls[i].name));
        if (!thunks[i] || reinterpret_cast<std::uintptr_t>(thunks[i]) % kReplaced != 0) return false;
        const std::uint64_t code = *thunks[i];
        if ((code & 0xffffffff) != 0xb8d18b4c || code >> 32 >= kCallNumberLimit) return false;
        ntalpc_call_numbers[i] = static_cast<std::uint32_t>(code >> 32);
        ntalpc_call_rests[i] = thunks[i] + 1;
    }
    return true;
}

// Memory for all pointers, at one of the distances from the thunks that the jumps allow.
bool place_pointers(const Thunk (&thunks)[kCallCount], int* highest) {
    constexpr std::uintptr_t granularity = 0x10000;
    Thunk first = thunks[0], last = thunks[0];
    for (const Thunk thunk : thunks) {
        if (thunk < first) first = thunk;
        if (thunk > last) last = thunk;
    }
    for (int i = 0; i < 255; ++i) {
        *highest = i < 127 ? i : 126 - i;  // above ntdll first, then below
        PVOID base = reinterpret_cast<PVOID>(pointer_place(first, *highest) & -granularity);
        SIZE_T size = pointer_place(last, *highest) + sizeof(void*) - reinterpret_cast<std::uintptr_t>(base);
        const NTSTATUS status = NtAllocateVirtualMemory(kCurrentProcess, &base, 0, &size,
                                                        MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        if (!NT_SUCCESS(status)) continue;
        for (std::size_t call = 0; call < kCallCount; ++call)
            *reinterpret_cast<const void**>(pointer_place(thunks[call], *highest)) = kCalls[call].replacement;
        ULONG old_protection;
        NtProtectVirtualMemory(kCurrentProcess, &base, &size, PAGE_READONLY, &old_protection);
        return true;
    }
    return false;
}

bool replace(Thunk thunk, int highest) {
    const auto offset = static_cast<std::uint32_t>(displacement(highest));
    const std::uint64_t code = 0xcccc000000000000 | std::uint64_t{offset} << 16 | 0x25ff;
    PVOID page = thunk;
    SIZE_T size = kReplaced;
    ULONG protection;
    if (!NT_SUCCESS(
            NtProtectVirtualMemory(kCurrentProcess, &page, &size, PAGE_EXECUTE_READWRITE, &protection)))
        return false;
    std::atomic_ref<std::uint64_t>(*thunk).store(code, std::memory_order_release);
    NtProtectVirtualMemory(kCurrentProcess, &page, &size, protection, &protection);
    return true;
}

}  // namespace

bool install_hooks() {
    Thunk thunks[kCallCount];
    int highest = 0;
    bool installed = find_thunks(thunks) && place_pointers(thunks, &highest);
    // A thunk whose page cannot be written leaves a working system call; the others do not depend on it.
    for (std::size_t i = 0; installed && i < kCallCount; ++i) installed = replace(thunks[i], highest);
    if (!installed) {
        log_error(
            "err:alpc: this ntdll's system calls are not of a known form; waits on ports end at once\n");
    }
    return installed;
}

}  // namespace ntalpc
