// SPDX-License-Identifier: LGPL-2.1-or-later
// The first eight bytes of the function give way to a jump, by one store. They must be pushes of registers
// and nothing else, as at the beginning of any function of some size: such instructions can be run anywhere,
// and are all over after a moment, so that a thread which is among them just then is next to impossible.
#include "pe/function_hook.h"

#include <atomic>
#include <cstdint>
#include <cstring>

#include "ntalpc/ntbase.h"
#include "pe/ntdll_exports.h"

extern "C" {
NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE process, PVOID* address, ULONG_PTR zero_bits, SIZE_T* size,
                                       ULONG type, ULONG protection);
NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE process, PVOID* address, SIZE_T* size, ULONG protection,
                                      ULONG* old_protection);
}

namespace ntalpc {
namespace {

constexpr std::size_t kReplaced = 8;
const HANDLE kCurrentProcess = reinterpret_cast<HANDLE>(static_cast<LONG_PTR>(-1));

// The code and the pointers of a hook, somewhere near the function.
struct Island {
    const void* replacement;
    const void* rest;
    unsigned char pushes[kReplaced];
    unsigned char jump_to_rest[8];
};

bool is_push(unsigned char code) {
    return code >= 0x50 && code <= 0x57;
}

bool begins_with_pushes(const unsigned char* code) {
    std::size_t at = 0;
    while (at < kReplaced) {
        const bool extended = code[at] == 0x41;
        if (!is_push(code[at + (extended ? 1 : 0)])) return false;
        at += extended ? 2 : 1;
    }
    return at == kReplaced;
}

// jmp [rip + displacement], where the displacement counts from the end of these six bytes.
std::uint64_t jump_through(const void* pointer, const void* from) {
    const auto displacement = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(pointer) -
                                                         (reinterpret_cast<std::uintptr_t>(from) + 6));
    return 0xcccc000000000000 | std::uint64_t{displacement} << 16 | 0x25ff;
}

// Within the reach of a jump.
Island* allocate_near(const void* function) {
    constexpr std::intptr_t granularity = 0x10000, reach = 0x70000000;
    for (std::intptr_t distance = granularity; distance < reach; distance += granularity) {
        for (const std::intptr_t offset : {-distance, distance}) {
            PVOID base =
                reinterpret_cast<PVOID>((reinterpret_cast<std::intptr_t>(function) + offset) & -granularity);
            SIZE_T size = sizeof(Island);
            if (NT_SUCCESS(NtAllocateVirtualMemory(kCurrentProcess, &base, 0, &size, MEM_RESERVE | MEM_COMMIT,
                                                   PAGE_READWRITE)))
                return static_cast<Island*>(base);
        }
    }
    return nullptr;
}

bool protect(void* memory, SIZE_T size, ULONG protection, ULONG* old_protection) {
    PVOID page = memory;
    return NT_SUCCESS(NtProtectVirtualMemory(kCurrentProcess, &page, &size, protection, old_protection));
}

bool redirect(unsigned char* function, const void* replacement, void** original) {
    Island* const island = allocate_near(function);
    if (!island) return false;
    island->replacement = replacement;
    island->rest = function + kReplaced;
    std::memcpy(island->pushes, function, kReplaced);
    const std::uint64_t back = jump_through(&island->rest, island->jump_to_rest);
    std::memcpy(island->jump_to_rest, &back, sizeof(back));
    ULONG protection;
    if (!protect(island, sizeof(*island), PAGE_EXECUTE_READ, &protection)) return false;
    if (!protect(function, kReplaced, PAGE_EXECUTE_READWRITE, &protection)) return false;
    *original = island->pushes;
    std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(function))
        .store(jump_through(&island->replacement, function), std::memory_order_release);
    protect(function, kReplaced, protection, &protection);
    return true;
}

}  // namespace

bool hook_function(const char* name, const void* replacement, void** original) {
    auto* const function = static_cast<unsigned char*>(ntdll_export(name));
    if (function && reinterpret_cast<std::uintptr_t>(function) % kReplaced == 0 &&
        begins_with_pushes(function) && redirect(function, replacement, original))
        return true;
    log_error(
        "err:alpc: this ntdll's thread pool is not of a known form; cleanup groups are not supported\n");
    return false;
}

}  // namespace ntalpc
