// SPDX-License-Identifier: LGPL-2.1-or-later
// A thread that records a trace: its buffer lives as long as its channel.
#pragma once

#include "server/thread.h"
#include "server/tracer.h"

namespace ntalpc::server {

class Recorder final {
  public:
    Recorder(std::size_t payload_limit, TraceCharge charge)
        : buffer_(payload_limit), charge_(std::move(charge)) {
        tracer().add(buffer_);
    }
    ~Recorder() { tracer().remove(buffer_); }
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;
    TraceBuffer& buffer() { return buffer_; }

  private:
    TraceBuffer buffer_;
    const TraceCharge charge_;  // it costs time for every event, too
};

// Blocked until enough records are there. When time is over it is answered with those that are.
class RecorderWait final : public Wait, public TraceBuffer::Reader {
  public:
    RecorderWait(Thread& thread, std::size_t at_least);
    ~RecorderWait() override;
    void answer(std::int32_t status) override;
    void records_came() override;

  private:
    TraceBuffer& buffer_;
    const std::size_t at_least_;
};

// Whether the process may see what all others do.
bool may_look_at_others(const Process& process);

// What fits a packet with its header; the largest record, a message of 64 KiB, does.
inline constexpr std::size_t kRecordBatch = 128 * 1024;

// Answers trace_read with what is there.
void reply_with_records(Thread& thread);

}  // namespace ntalpc::server
