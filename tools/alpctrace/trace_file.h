// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading a recorded trace.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "events/records.h"

namespace ntalpc {

class TraceFile {
  public:
    // Reads the whole file. Throws TraceError when it is no trace or of another version.
    explicit TraceFile(const std::string& path);
    // The same of one that has been read already.
    TraceFile(const std::string& path, std::vector<std::byte> data);

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
