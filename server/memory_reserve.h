// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory that the server keeps for the moment in which it gets no more. What is begun then is finished with
// it, so that no object is left half made and no end of a client is missed; new requests are refused until
// the reserve is whole again.
#pragma once

#include <cstddef>

namespace ntalpc::server {

// More than a request and what it sets in motion can need.
inline constexpr std::size_t kMemoryReserve = 4 * 1024 * 1024;

// From now on operator new uses the reserve before it fails.
void keep_memory_reserve();

// Whether the reserve has been used and cannot be made whole now.
bool memory_is_short();

}  // namespace ntalpc::server
