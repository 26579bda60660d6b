// SPDX-License-Identifier: LGPL-2.1-or-later
#include "events/records.h"

#include <cstring>

namespace ntalpc {

namespace {

constexpr std::size_t kTrailer = sizeof(std::uint32_t);

// The size of the record at the front; 0 when it is not there in whole.
std::size_t whole_record(wire::Bytes data, trace::RecordHeader* header) {
    if (data.size() < sizeof(*header)) return 0;
    std::memcpy(header, data.data(), sizeof(*header));
    if (header->size < trace::record_size(0) || header->size % 8 != 0)
        throw TraceError("the trace is damaged in the middle; what was before it has been read");
    if (header->size > data.size()) return 0;
    std::uint32_t again;
    std::memcpy(&again, data.data() + header->size - kTrailer, kTrailer);
    if (again != header->size)
        throw TraceError("the trace is damaged in the middle; what was before it has been read");
    return header->size;
}

}  // namespace

std::size_t RecordSplitter::split(wire::Bytes data, const std::function<void(const Event&)>& each) {
    std::size_t at = 0;
    trace::RecordHeader header;
    while (const std::size_t size = whole_record(data.subspan(at), &header)) {
        each(Event(header, data.subspan(at + sizeof(header), size - sizeof(header) - kTrailer)));
        at += size;
    }
    return at;
}

}  // namespace ntalpc
