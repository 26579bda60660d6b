// SPDX-License-Identifier: LGPL-2.1-or-later
// What the server calls the object behind a capability.
#pragma once

#include <cstdint>

namespace ntalpc::core {

struct ServerHandle {
    std::uint64_t id = 0;
    std::uint32_t access = 0;
    std::uint32_t object_type = 0;
};

}  // namespace ntalpc::core
