// SPDX-License-Identifier: LGPL-2.1-or-later
// A trace as it comes from the running server.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "client/server_client.h"
#include "ntalpc/trace_file.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc {

// Throws ServerError when the server cannot be asked.
class Recording {
  public:
    Recording(const std::string& directory, std::uint32_t payload_limit);

    const trace::FileHeader& header() const { return header_; }
    // Waits for records, but no longer than a moment. Whole records, good until the next call; perhaps none.
    wire::Bytes next();
    // What is there, without waiting.
    wire::Bytes rest();

  private:
    wire::Bytes read(std::int64_t timeout, std::uint32_t at_least);
    ServerClient client_;
    trace::FileHeader header_;
};

// Appends what it is given to a file. Throws TraceError.
class TraceWriter {
  public:
    // Makes the file, or empties it.
    TraceWriter(const std::string& path, const trace::FileHeader& header);
    void write(wire::Bytes records);

  private:
    const std::string path_;
    UniqueFd file_;
};

}  // namespace ntalpc
