// SPDX-License-Identifier: LGPL-2.1-or-later
// The framing of a trace file (doc/trace-format.md); its events are those of trace_events.def.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ntalpc::trace {

inline constexpr char kMagic[8] = {'N', 'T', 'A', 'L', 'P', 'C', 'T', 'R'};

// At the start of a file. Little endian, like everything.
struct FileHeader {
    char magic[8];
    std::uint32_t version = 0;
    std::uint32_t header_size = 0;      // where the first record begins
    std::uint64_t start_clock = 0;      // the trace's clock, nanoseconds, at the moment
    std::uint64_t start_real_time = 0;  // that was this Unix time, in nanoseconds
    std::uint32_t server_process = 0;   // Unix process id
    std::uint32_t payload_limit = 0;    // bytes kept of each message's data
    std::uint32_t protocol_hash = 0;    // names the requests that call_ended and wait_began count
    std::uint32_t reserved = 0;
};
static_assert(sizeof(FileHeader) == 48);

// At the start of a record. The size counts everything, is a multiple of 8, and is repeated in the last four
// bytes, so that a file which ends in the middle of a record shows it.
struct RecordHeader {
    std::uint32_t size = 0;
    std::uint16_t type = 0;
    std::uint16_t reserved = 0;
    std::int64_t time = 0;
};
static_assert(sizeof(RecordHeader) == 16);

constexpr std::size_t record_size(std::size_t body) {
    return (sizeof(RecordHeader) + body + sizeof(std::uint32_t) + 7) / 8 * 8;
}

}  // namespace ntalpc::trace
