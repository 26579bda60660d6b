// SPDX-License-Identifier: LGPL-2.1-or-later
// What the request control_completion_list does.
#pragma once

#include <cstdint>

namespace ntalpc {

enum class CompletionListAction : std::uint32_t {
    // Both answer when no message is on its way into the list any more.
    unregister,
    run_down,  // the port keeps its list, but no message goes there
    room,      // messages have been freed, as the writer of the list had asked to be told
    give_up,   // the writer cannot go on: the list ends, and the batch under way with it
    wake,      // whoever waits for messages shall look at the list
};

}  // namespace ntalpc
