// SPDX-License-Identifier: LGPL-2.1-or-later
// Code that stands before a function with the Microsoft calling convention: it tells somebody of each call,
// calls the function, and tells of its end. Made by libffi from what the entry point table says of the
// function.
//
// The closure runs as part of its caller, on the caller's stack, wherever that is. Under Wine this is Windows
// code, in which nothing of Wine's Unix side may be used and which may be suspended or ended at any
// instruction. So what is done here takes no lock, no memory and nothing of the thread, and all else is left
// to `notify`.
#pragma once

#include "relay/call_record.h"

namespace ntalpc::relay {

// Called at the beginning of each call, and at its end if it has set `shown` then.
using Notify = void(__attribute__((ms_abi)) *)(CallRecord* record);

// Lives as long as the process. Only one thread may make closures, as when the process attaches. nullptr when
// there is no memory for it, or libffi does not know the types.
void* make_closure(const RelayCall& call, void* function, Notify notify);

}  // namespace ntalpc::relay
