// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace ntalpc {

// Puts closures of the unix half before the calls that the user wants to see (alpcrun --relay). Without such
// a wish nothing changes.
void start_relay();

}  // namespace ntalpc
