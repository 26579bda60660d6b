// SPDX-License-Identifier: LGPL-2.1-or-later
// A note may be wrong only if a handle was closed behind this process's back (by another process that
// duplicates with DUPLICATE_CLOSE_SOURCE). Then a stranger taken for ours is found out by the unix half, and
// one of ours taken for a stranger behaves as without this layer; new ones of ours are noted by the unix half
// itself.
#include "pe/noted_handles.h"

#include "ntalpc/status.h"
#include "pe/unix_call.h"

namespace ntalpc {
namespace {

HandleKindByte notes[kNotedHandles];

// Not counting the two bits that programs may use for themselves.
bool can_be_ours(HANDLE handle) {
    const auto value = reinterpret_cast<ULONG_PTR>(handle);
    return value >= 4 && value <= 0x7fffffff;
}

HandleKind look_up(HANDLE handle) {
    IsCapabilityParams params = {handle};
    switch (unix_call(UnixCall::IsCapability, &params)) {
        case STATUS_SUCCESS:
            return HandleKind::ours;
        case static_cast<NTSTATUS>(STATUS_INVALID_HANDLE):  // it may become anything
            return HandleKind::unknown;
        default:
            return HandleKind::other;
    }
}

}  // namespace

void share_notes() {
    ShareHandleKindsParams params = {notes, static_cast<ULONG>(kNotedHandles)};
    unix_call(UnixCall::ShareHandleKinds, &params);
}

bool is_ours(HANDLE handle) {
    if (!can_be_ours(handle)) return false;
    const std::size_t place = place_of(handle);
    if (place >= kNotedHandles) return look_up(handle) == HandleKind::ours;
    HandleKind kind = notes[place].load(std::memory_order_relaxed);
    if (kind == HandleKind::unknown) {
        kind = look_up(handle);
        notes[place].store(kind, std::memory_order_relaxed);
    }
    return kind == HandleKind::ours;
}

bool forget_handle(HANDLE handle) {
    if (!can_be_ours(handle) || place_of(handle) >= kNotedHandles) return false;
    const HandleKind kind =
        notes[place_of(handle)].exchange(HandleKind::unknown, std::memory_order_relaxed);
    return kind == HandleKind::ours || kind == HandleKind::watched;
}

}  // namespace ntalpc
