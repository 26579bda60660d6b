// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading a recorded trace.
#pragma once

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "alpctrace/event.h"

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

class TraceFile {
  public:
    // Reads the whole file. Throws TraceError when it is no trace or of another version.
    explicit TraceFile(const std::string& path);

    const trace::FileHeader& header() const { return header_; }
    // In the order of recording. They refer to this object.
    const std::vector<Event>& events() const { return events_; }
    // Bytes at the end that are no whole record: the recorder died while it wrote.
    std::size_t torn_bytes() const { return torn_bytes_; }

  private:
    std::vector<std::byte> data_;
    trace::FileHeader header_;
    std::vector<Event> events_;
    std::size_t torn_bytes_ = 0;
};

}  // namespace ntalpc
