// SPDX-License-Identifier: LGPL-2.1-or-later
// Clients that are not ours: registered ones that send what no library sends, over real sockets and pipes,
// and close without waiting for an answer. Fuzzers find such things by chance and within one process; here
// every request has every wrong form once, and the server's descriptors are looked at as well.
#pragma once

#include <span>
#include <string>

#include "conformance/faults/conversation_run.h"

namespace ntalpc::faults {

struct HostileRow {
    const char* name;
    // Sends everything of its kind. Returns the number of packets sent.
    unsigned (*attack)(const std::string& server_directory);
};

std::span<const HostileRow> hostile_rows();

// Empty when the server has afterwards what it had before, and others noticed nothing.
std::string attack(const HostileRow& row, Surroundings& surroundings, unsigned* packets);

}  // namespace ntalpc::faults
