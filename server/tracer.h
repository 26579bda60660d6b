// SPDX-License-Identifier: LGPL-2.1-or-later
// Recording what happens. Events are encoded into the buffers of those who record; a recorder fetches its
// buffer with trace_read. The server touches no file, waits for nobody, and drops what a slow recorder leaves
// lying.
//
// A record is a header, the event's fixed part, its blobs, zeros up to a multiple of 8, and the size once
// more (doc/trace-format.md).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <vector>

#include "generated/trace_events.h"
#include "ntalpc/trace_file.h"

namespace ntalpc::server {

// One recorder's buffer.
class TraceBuffer {
  public:
    // Somebody who waits for records.
    class Reader {
      public:
        virtual ~Reader() = default;
        // Records have come in. May take them and forget itself.
        virtual void records_came() = 0;
    };

    // Of each payload the first `payload_limit` bytes are kept.
    explicit TraceBuffer(std::size_t payload_limit) : payload_limit_(payload_limit) {}

    std::size_t payload_limit() const { return payload_limit_; }
    std::size_t size() const { return data_.size() - taken_; }
    void append(std::int64_t time, trace::Type type, wire::Bytes fixed, std::span<const wire::Bytes> blobs);
    // Whole records, `limit` bytes at most. Good until the next call of either.
    wire::Bytes take(std::size_t limit);
    void set_reader(Reader* reader) { reader_ = reader; }
    Reader* reader() const { return reader_; }

  private:
    bool make_room(std::size_t size);
    void write_record(std::int64_t time, trace::Type type, wire::Bytes fixed,
                      std::span<const wire::Bytes> blobs, std::size_t size);

    const std::size_t payload_limit_;
    std::vector<std::byte> data_;
    std::size_t taken_ = 0;
    std::uint64_t lost_ = 0;
    Reader* reader_ = nullptr;
};

class Tracer {
  public:
    bool on() const { return !buffers_.empty(); }
    void add(TraceBuffer& buffer) { buffers_.push_back(&buffer); }
    void remove(TraceBuffer& buffer) { buffers_.remove(&buffer); }
    std::size_t recorders() const { return buffers_.size(); }
    // Tells those who wait for records, between requests rather than in the middle of one.
    void serve_readers();

    template <class Event>
    void emit(typename Event::Event event, const typename Event::EventBlobs& blobs = {}) {
        for (TraceBuffer* const buffer : buffers_) emit_to<Event>(*buffer, event, blobs);
    }
    template <class Event>
    static void emit_to(TraceBuffer& buffer, typename Event::Event event,
                        typename Event::EventBlobs blobs = {}) {
        std::array<wire::Bytes, Event::kEventBlobs.size()> data;
        for (std::size_t i = 0; i < data.size(); ++i) {
            const auto& field = Event::kEventBlobs[i];
            data[i] = blobs.*field.data;
            if constexpr (Event::type == trace::Type::message_sent)
                data[i] = data[i].first(std::min(data[i].size(), buffer.payload_limit()));
            event.*field.size = static_cast<std::uint32_t>(data[i].size());
        }
        buffer.append(now(), Event::type, std::as_bytes(std::span(&event, 1)), data);
    }

    static std::int64_t now();

  private:
    std::list<TraceBuffer*> buffers_;
};

// There is one, like the log.
Tracer& tracer();

}  // namespace ntalpc::server
