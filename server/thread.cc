// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/thread.h"

#include <algorithm>
#include <cassert>

#include "server/log.h"
#include "server/message.h"
#include "server/recorder.h"
#include "server/trace_points.h"

namespace ntalpc::server {

Wait::~Wait() {
    if (deadlines_) deadlines_->erase(deadline_);
}

void Wait::set_deadline(DeadlineQueue& queue, Nanoseconds when) {
    deadline_ = queue.emplace(when, this);
    deadlines_ = &queue;
}

void Wait::finish(std::int32_t status) {
    const auto self = thread_.unpark();
    self->answer(status);
}

Thread::Thread(Ref<Process> process, std::uint64_t id, std::int64_t creation_time, ReplySink& sink)
    : process_(std::move(process)), id_(id), creation_time_(creation_time), sink_(sink) {
    process_->threads().insert(this);
}

Thread::~Thread() {
    process_->threads().erase(this);
    process_->views().orders().thread_gone(*this);
    // Nobody is left to answer, but what the thread waited for must be withdrawn.
    const auto last = unpark();
    if (away_) away_->abandoned_by(Side::client);
}

// The client makes one call at a time, so a second one is a lie.
bool Thread::set_away(Message& message) {
    if (away_) return false;
    away_ = Ref<Message>(&message);
    return true;
}

Ref<Message> Thread::take_away(std::uint32_t message_id) {
    if (!away_ || away_->id() != message_id) return {};
    return std::move(away_);
}

void Thread::set_recorder(std::unique_ptr<Recorder> recorder) {
    recorder_ = std::move(recorder);
}

void Thread::begin_request(std::uint16_t code, std::uint32_t serial) {
    // What was in hand is taken by the queries that follow at once, or not at all.
    if (code != static_cast<std::uint16_t>(wire::Code::query_handle)) empty_hand();
    code_ = code;
    serial_ = serial;
    outstanding_ = true;
    if (tracer().on()) began_ = Tracer::now();
    parked_ = 0;
}

void Thread::park(std::unique_ptr<Wait> wait) {
    wait_ = std::move(wait);
    process_->views().orders().thread_waits(*this);
    if (!tracer().on() || recorder_) return;
    parked_ = Tracer::now();
    trace_point::wait_began(*this, code_, *wait_);
}

Ref<PassedObject> Thread::in_hand(std::uint32_t message_id, std::uint32_t index) const {
    const auto found = std::ranges::find_if(hand_, [&](const InHand& held) {
        return held.message_id == message_id && held.index == index;
    });
    return found == hand_.end() ? Ref<PassedObject>() : found->object;
}

wire::PacketHeader Thread::header(std::int32_t status) const {
    return {.size = sizeof(wire::PacketHeader),
            .code = code_,
            .reserved = 0,
            .status = status,
            .serial = serial_};
}

void Thread::reply(std::int32_t status) {
    const wire::PacketHeader packet = header(status);
    const wire::Bytes piece = std::as_bytes(std::span(&packet, 1));
    send(status, std::span(&piece, 1), {});
}

void Thread::send(std::int32_t status, std::span<const wire::Bytes> pieces,
                  std::span<const UniqueFd> descriptors) {
    assert(outstanding_);
    process_->views().orders().precede_answer(*this);
    outstanding_ = false;
    if (is_quota_status(status)) {
        log(LogLevel::connections, "%04llx:%04llx (%s) hits a limit in %s: %s",
            static_cast<unsigned long long>(process_->facts().id), static_cast<unsigned long long>(id_),
            process_->facts().image_path.c_str(), wire::code_name(code_), status_text(status).c_str());
    }
    if (!recorder_)
        NTALPC_TRACE(call_ended(*this, code_, status, began_, parked_ == 0 ? 0 : Tracer::now() - parked_));
    sink_.send(pieces, descriptors);
}

}  // namespace ntalpc::server
