// SPDX-License-Identifier: LGPL-2.1-or-later
// What is the same about the table of calls on every target.
#include "conformance/harness/api.h"

namespace ntalpc::conformance {

std::vector<EntryPointState> entry_points() {
    return {
#define X(call) {#call, api().call.there()},
        CONFORMANCE_ENTRY_POINTS(X)
#undef X
    };
}

}  // namespace ntalpc::conformance
