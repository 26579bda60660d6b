// SPDX-License-Identifier: LGPL-2.1-or-later
// Which events of a trace are wanted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/names.h"

namespace ntalpc {

struct Filter {
    std::string process;                   // part of the image name, or the id in hexadecimal
    std::string port;                      // part of the port's name
    std::optional<std::uint64_t> message;  // its id
    std::string status;                    // a status' name, or its number
    std::optional<std::int64_t> at_least;  // how long a call took, in nanoseconds
    std::string payload;                   // text in a message's data

    // Takes one --name=value. False when it is none of these options; throws TraceError for a wrong value.
    bool take_option(std::string_view word);
    bool passes(const Event& event, const Names& names) const;
};

// The manual of those options.
extern const char kFilterHelp[];

}  // namespace ntalpc
