// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pe/relay.h"

#include <cstdint>

#include "ntalpc/status.h"
#include "pe/entry_slots.h"
#include "pe/ntdll_exports.h"
#include "pe/unix_call.h"
#include "relay/frame_table.h"

extern "C" NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE process, PVOID* address, SIZE_T* size,
                                                 ULONG protection, ULONG* old_protection);
namespace ntalpc {
namespace {

constexpr std::size_t kMostSlots = 128;
static_assert(static_cast<std::size_t>(EntryPoint::NtWaitLowEventPair) < kMostSlots);

const HANDLE kCurrentProcess = reinterpret_cast<HANDLE>(static_cast<LONG_PTR>(-1));

// Looked at by Wine as long as the process lives.
relay::FrameTable libffi_frames;

// Called by closures, which are code of the unix half on a stack of the program's.
void NTAPI notify(void* record) {
    RelayEventParams params = {record};
    unix_call(UnixCall::RelayEvent, &params);
}

bool protect_slots(ULONG wanted, ULONG* before) {
    PVOID start = kEntrySlots[0].slot;
    SIZE_T size = kEntrySlotCount * kEntrySlotSize;
    return NT_SUCCESS(NtProtectVirtualMemory(kCurrentProcess, &start, &size, wanted, before));
}

// No thread can be in a slot yet.
void write_jump(void* slot, void* target) {
    auto* const code = static_cast<volatile std::uint8_t*>(slot);
    constexpr std::uint8_t jump[] = {0xff, 0x25, 0, 0, 0, 0};  // jmp to what the next eight bytes hold
    for (std::size_t i = 0; i < sizeof(jump); ++i) code[i] = jump[i];
    auto address = reinterpret_cast<std::uintptr_t>(target);
    for (std::size_t i = 0; i < sizeof(address); ++i, address >>= 8)
        code[sizeof(jump) + i] = static_cast<std::uint8_t>(address);
}

}  // namespace

void start_relay() {
    void* functions[kMostSlots];
    void* closures[kMostSlots];
    for (std::size_t i = 0; i < kEntrySlotCount; ++i) functions[i] = kEntrySlots[i].function;
    StartRelayParams params = {functions, static_cast<ULONG>(kEntrySlotCount),
                               reinterpret_cast<void*>(&notify), closures, &libffi_frames};
    if (unix_call(UnixCall::StartRelay, &params) != STATUS_SUCCESS) return;
    if (libffi_frames.count != 0)
        RtlAddFunctionTable(reinterpret_cast<PRUNTIME_FUNCTION>(libffi_frames.functions), libffi_frames.count,
                            libffi_frames.base);
    ULONG protection;
    if (!protect_slots(PAGE_EXECUTE_READWRITE, &protection)) {
        log_error("err:alpc: the code of ntdll_alpc.dll cannot be changed; there is no relay trace\n");
        return;
    }
    for (std::size_t i = 0; i < kEntrySlotCount; ++i) {
        if (closures[i]) write_jump(kEntrySlots[i].slot, closures[i]);
    }
    protect_slots(protection, &protection);
}

}  // namespace ntalpc
