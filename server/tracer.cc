// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/tracer.h"

#include <cstring>
#include <new>

#include "server/event_loop.h"

namespace ntalpc::server {

namespace {

// Some hundred thousand messages without payload: what a recorder may fall behind.
constexpr std::size_t kMaxBuffered = std::size_t{32} << 20;

std::size_t total_of(wire::Bytes fixed, std::span<const wire::Bytes> blobs) {
    std::size_t total = fixed.size();
    for (const wire::Bytes blob : blobs) total += blob.size();
    return total;
}

}  // namespace

void TraceBuffer::append(std::int64_t time, trace::Type type, wire::Bytes fixed,
                         std::span<const wire::Bytes> blobs) {
    const std::size_t size = trace::record_size(total_of(fixed, blobs));
    constexpr std::size_t report = trace::record_size(sizeof(trace::EventsLost::Event));
    if (!make_room(size + report)) {
        ++lost_;
        return;
    }
    if (lost_ != 0) {
        const trace::EventsLost::Event lost{.count = lost_};
        write_record(time, trace::EventsLost::type, std::as_bytes(std::span(&lost, 1)), {}, report);
        lost_ = 0;
    }
    write_record(time, type, fixed, blobs, size);
}

bool TraceBuffer::make_room(std::size_t size) {
    if (taken_ != 0 && (taken_ == data_.size() || taken_ > kMaxBuffered / 2)) {
        data_.erase(data_.begin(), data_.begin() + static_cast<std::ptrdiff_t>(taken_));
        taken_ = 0;
    }
    if (data_.size() + size > kMaxBuffered) return false;
    try {
        data_.reserve(data_.size() + size > data_.capacity() ? 2 * (data_.size() + size) : 0);
    } catch (const std::bad_alloc&) {
        return false;
    }
    return true;
}

void TraceBuffer::write_record(std::int64_t time, trace::Type type, wire::Bytes fixed,
                               std::span<const wire::Bytes> blobs, std::size_t size) {
    const std::size_t start = data_.size();
    data_.resize(start + size);
    std::byte* to = data_.data() + start;
    const trace::RecordHeader header{
        .size = static_cast<std::uint32_t>(size), .type = static_cast<std::uint16_t>(type), .time = time};
    std::memcpy(to, &header, sizeof(header));
    to += sizeof(header);
    to = std::copy(fixed.begin(), fixed.end(), to);
    for (const wire::Bytes blob : blobs) to = std::copy(blob.begin(), blob.end(), to);
    std::memcpy(data_.data() + start + size - sizeof(header.size), &header.size, sizeof(header.size));
}

wire::Bytes TraceBuffer::take(std::size_t limit) {
    const wire::Bytes rest = wire::Bytes(data_).subspan(taken_);
    std::size_t whole = 0;
    trace::RecordHeader header;
    while (whole < rest.size()) {
        std::memcpy(&header, rest.data() + whole, sizeof(header));
        if (whole + header.size > limit) break;
        whole += header.size;
    }
    taken_ += whole;
    return rest.first(whole);
}

void Tracer::serve_readers() {
    for (const TraceBuffer* const buffer : buffers_) {
        if (buffer->reader()) buffer->reader()->records_came();
    }
}

std::int64_t Tracer::now() {
    return monotonic_now();
}

Tracer& tracer() {
    static Tracer only;
    return only;
}

}  // namespace ntalpc::server
