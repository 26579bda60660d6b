// SPDX-License-Identifier: LGPL-2.1-or-later
// What the core needs from its host to share memory: sections of the program, and mappings of others'.
#pragma once

#include <cstdint>

#include "core/host.h"

namespace ntalpc::host {

// Maps a part of a section object of the program, for reading and writing, not inherited by children, not
// even for an instant: memory that a child has mapped cannot be sealed. `size` 0 means the rest of the
// section and is replaced by what was mapped. The statuses are those of NtMapViewOfSection; what is larger
// than the section is STATUS_INVALID_VIEW_SIZE.
NtStatus map_own_section(NtHandle section, std::uint64_t offset, std::uint64_t* size, void** base);

// The memory behind a section object that the program may read and write, to be sent to another process.
NtStatus section_descriptor(NtHandle section, UniqueFd* descriptor);

// Maps memory that another process sent.
NtStatus map_foreign_section(UniqueFd descriptor, std::uint64_t offset, std::uint64_t* size, void** base,
                             bool writable = true);

// Puts other memory in the place of a mapping, in one step as far as the program can see, and changes its
// protection.
NtStatus replace_mapping(UniqueFd descriptor, void* base, std::uint64_t size, bool writable);

void unmap_section(void* base, std::uint64_t size);

}  // namespace ntalpc::host
