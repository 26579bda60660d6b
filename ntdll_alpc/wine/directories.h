// SPDX-License-Identifier: LGPL-2.1-or-later
// The directories of Wine's object namespace, which programs make and alpcserver knows only as far as ports
// are in them.
#pragma once

namespace ntalpc::wine {

// Wine lacks \RPC Control, which programs open to name their ports below it. Once per wineserver.
void provide_directories();

}  // namespace ntalpc::wine
