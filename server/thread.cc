// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/thread.h"

#include <cassert>

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

Thread::~Thread() {
    // Nobody is left to answer, but what the thread waited for must be withdrawn.
    const auto last = unpark();
}

void Thread::begin_request(std::uint16_t code, std::uint32_t serial) {
    code_ = code;
    serial_ = serial;
    outstanding_ = true;
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
    send(std::span(&piece, 1), {});
}

void Thread::send(std::span<const wire::Bytes> pieces, std::span<const UniqueFd> descriptors) {
    assert(outstanding_);
    outstanding_ = false;
    sink_.send(pieces, descriptors);
}

}  // namespace ntalpc::server
