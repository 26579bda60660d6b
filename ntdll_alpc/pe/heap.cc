// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pe/heap.h"

#include <winternl.h>

#include "pe/slim_lock.h"

namespace ntalpc {
namespace {

constexpr ULONG kGrowable = 2;

PVOID own_heap() {
    static SlimLock lock;
    static PVOID heap;
    const SlimGuard guard(lock);
    if (!heap) heap = RtlCreateHeap(kGrowable, nullptr, 0, 0, nullptr, nullptr);
    return heap;
}

}  // namespace

void* allocate_memory(SIZE_T size) {
    const PVOID heap = own_heap();
    return heap ? RtlAllocateHeap(heap, 0, size) : nullptr;
}

void free_memory(void* memory) {
    RtlFreeHeap(own_heap(), 0, memory);
}

}  // namespace ntalpc
