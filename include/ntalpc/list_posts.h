// SPDX-License-Identifier: LGPL-2.1-or-later
// What a thread that waits knows of a port's completion list: `list_posts` of send_wait_receive and
// wait_ports.
#pragma once

#include <cstdint>

namespace ntalpc {

// There are messages in the list: the port is signalled, whatever the server has for it. In wait_ports only;
// who wants to receive takes one of them instead. Other values are counts plus one, and none is as large.
inline constexpr std::uint64_t kListHasMessages = ~std::uint64_t{0};

}  // namespace ntalpc
