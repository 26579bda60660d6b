// SPDX-License-Identifier: LGPL-2.1-or-later
// The legacy calls' part of the load: each service has a legacy port, each thread of a client a connection.
#pragma once

#include <string>

#include "conformance/load/load.h"

namespace ntalpc::load {

void run_legacy_service(Board& board, std::uint32_t number, const std::string& prefix);

// One request and its answer, which must have this number.
NTSTATUS ask_legacy(HANDLE port, std::uint64_t number, std::uint64_t* answered);

}  // namespace ntalpc::load
