// SPDX-License-Identifier: LGPL-2.1-or-later
// How alpcrun --relay tells the programs it starts, and those that they start, what to show.
#pragma once

namespace ntalpc {

// Names of calls and of the callers' modules, with wildcards (relay/patterns.h). Without the first there is
// no relay.
inline constexpr char kRelayCallsVariable[] = "NTALPC_RELAY";
inline constexpr char kRelayModulesVariable[] = "NTALPC_RELAY_FROM";
// The absolute path of a file that lines are added to; standard error if empty.
inline constexpr char kRelayFileVariable[] = "NTALPC_RELAY_FILE";

}  // namespace ntalpc
