// SPDX-License-Identifier: LGPL-2.1-or-later
// Which module an address lies in. Without the loader's lock: the loader may hold it while it waits for the
// very thread that asks.
#pragma once

#include "relay/relay.h"

namespace ntalpc::wine {

// The calling thread, at `address`.
relay::Caller describe_caller(const void* address);

}  // namespace ntalpc::wine
