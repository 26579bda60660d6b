// SPDX-License-Identifier: LGPL-2.1-or-later
// What the core needs from its host to announce the messages of a port without a thread that waits for them.
#pragma once

#include <cstdint>

#include "core/host.h"

namespace ntalpc::host {

// Something of the program that learns of messages, by a number that is good until the target is forgotten.
using Target = std::uint64_t;

// An I/O completion port: each announcement becomes a packet with the key. STATUS_INVALID_HANDLE;
// STATUS_OBJECT_TYPE_MISMATCH for a handle to something else; STATUS_ACCESS_DENIED.
NtStatus keep_completion_port(NtHandle completion_port, void* key, Target* target);

// Nothing is announced to it any more.
void forget_target(Target target);

// To be called once messages may have to be announced. The result is that of the program's call.
NtStatus begin_announcing();

}  // namespace ntalpc::host
