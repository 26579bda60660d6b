// SPDX-License-Identifier: LGPL-2.1-or-later
// The unix half of `alpcrun --relay`: closures before the calls, and a line for each time one is entered or
// left.
#include "relay/relay.h"

#include "core/host.h"
#include "generated/core_calls.h"
#include "ntalpc/status.h"
#include "relay/closures.h"
#include "relay/unwind_frames.h"
#include "wine/caller_module.h"

namespace ntalpc {

namespace {

// Made before the first closure, and kept.
const relay::Relay* active;

}  // namespace

namespace internal {

NTSTATUS StartRelay(PVOID* Functions, ULONG Count, PVOID Notify, PVOID* Closures, PVOID Frames) {
    const auto calls = relay_calls();
    if (Count != calls.size()) return STATUS_INVALID_PARAMETER;
    active = relay::Relay::from_environment().release();
    if (!active) return STATUS_NOT_SUPPORTED;
    *static_cast<relay::FrameTable*>(Frames) = relay::frame_table();
    for (ULONG i = 0; i < Count; ++i) {
        Closures[i] = nullptr;
        if (!active->wants(calls[i])) continue;
        Closures[i] = relay::make_closure(calls[i], Functions[i], reinterpret_cast<relay::Notify>(Notify));
        if (Closures[i]) continue;
        const std::string complaint = std::string("no closure can be made for ") + calls[i].name +
                                      ", which the relay trace will lack; is executable memory forbidden?";
        host::log(host::LogLevel::error, complaint.c_str());
    }
    return STATUS_SUCCESS;
}

NTSTATUS RelayEvent(PVOID Record) {
    const host::CallGuard guard;
    active->tell(*static_cast<relay::CallRecord*>(Record), wine::describe_caller);
    return STATUS_SUCCESS;
}

}  // namespace internal

}  // namespace ntalpc
