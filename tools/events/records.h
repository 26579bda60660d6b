// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs of records, as they come from the server and stand in files.
#pragma once

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>

#include "events/event.h"

namespace ntalpc {

// What is wrong with a file, as one sentence that says what to do.
class TraceError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// Splits records off the front of a run of bytes. What remains is the beginning of a record that has not come
// in whole yet. Throws TraceError for bytes that are no records.
class RecordSplitter {
  public:
    // Calls `each` for every whole record; returns how many bytes those were.
    static std::size_t split(wire::Bytes data, const std::function<void(const Event&)>& each);
};

}  // namespace ntalpc
