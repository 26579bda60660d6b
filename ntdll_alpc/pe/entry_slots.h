// SPDX-License-Identifier: LGPL-2.1-or-later
// What the DLL exports is not its functions but 16 bytes for each, which jump there. Importers have the
// address of a slot from before anything here has run, so a trace of the calls begins by writing other jumps
// into the slots.
#pragma once

#include <cstddef>

namespace ntalpc {

inline constexpr std::size_t kEntrySlotSize = 16;

struct EntrySlot {
    void* slot;
    void* function;
};

// In the order of EntryPoint, and back to back in memory.
extern const EntrySlot kEntrySlots[];
extern const std::size_t kEntrySlotCount;

}  // namespace ntalpc
