// SPDX-License-Identifier: LGPL-2.1-or-later
// Access rights of descriptors: what a handle with an access mask lets its owner do, a descriptor must not
// exceed.
#pragma once

#include <cstdint>

#include "ntalpc/ntbase.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc::core {

// The rights that a descriptor of an object of this type grants (ALPC_PORFLG_OBJECT_TYPE_*, kPassedPort).
std::uint32_t granted_access(int descriptor, std::uint32_t type);

// Exchanges a descriptor for one that allows no more than `desired`, and tells what it grants.
// STATUS_ACCESS_DENIED when it does not allow as much; STATUS_NOT_SUPPORTED when its rights cannot be
// reduced, as those of a socket. A file that is opened anew has a position of its own.
NTSTATUS restrict_access(UniqueFd* descriptor, std::uint32_t type, std::uint32_t desired,
                         std::uint32_t* granted);

}  // namespace ntalpc::core
