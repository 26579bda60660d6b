// SPDX-License-Identifier: LGPL-2.1-or-later
// A call as text: its arguments when it begins, its result and what it gave when it ends.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "generated/relay_table.h"

namespace ntalpc::relay {

// `values` are the arguments as they were passed, each in 64 bits.
std::string arguments_text(const RelayCall& call, std::span<const std::uint64_t> values);

// "STATUS_SUCCESS": the value that was returned.
std::string result_text(const RelayCall& call, std::uint64_t result);

// What the call wrote for the caller; nothing where it failed, except for lengths.
std::string outputs_text(const RelayCall& call, std::span<const std::uint64_t> values, std::uint64_t result);

}  // namespace ntalpc::relay
