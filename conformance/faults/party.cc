// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/faults/party.h"

#include <sched.h>

#include <algorithm>

#include "ntalpc/status.h"

namespace ntalpc::faults {

bool Party::tried(const char* name, NTSTATUS status) {
    state_.call = name;
    state_.status = status;
    ++state_.calls;
    if (status == STATUS_SUCCESS) return true;
    if (std::ranges::find(documented_, status) == documented_.end()) {
        state_.ending = Ending::wrong;
        throw CutShort{};
    }
    auto expected = Ending::running;
    state_.ending.compare_exchange_strong(expected, Ending::cut_short);
    return false;
}

void Party::call(const char* name, NTSTATUS status) {
    if (!tried(name, status)) throw CutShort{};
}

void Party::require(const char* what, bool is_so) {
    if (is_so) return;
    state_.call = what;
    state_.ending = Ending::wrong;
    throw CutShort{};
}

void Party::wait_for(std::size_t other) {
    state_.call = "waiting for another party";
    if (stage_.wait_for(other)) return;
    state_.ending = Ending::cut_short;
    throw CutShort{};
}

// The system call is where the harness looks at the flag.
void Party::begin_critical() {
    state_.critical = 1;
    sched_yield();
}

}  // namespace ntalpc::faults
