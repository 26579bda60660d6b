// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/completion_list.h"

#include <algorithm>
#include <cstring>

#include "ntalpc/status.h"
#include "server/log.h"
#include "server/trace_points.h"
#include "server/waits.h"

namespace ntalpc::server {

namespace {

constexpr std::uint32_t kChunk = ALPC_COMPLETION_LIST_BUFFER_GRANULARITY_MASK + 1;
constexpr std::size_t kMostBytesInBatch = wire::kMaxPacket - 1024;  // for the header and the fixed part
constexpr std::uint32_t kMostAttributeBytes = 0x1000;

constexpr std::size_t filled_up(std::size_t size, std::size_t unit) {
    return (size + unit - 1) / unit * unit;
}

std::size_t wire_size(const Message& message) {
    return sizeof(wire::ListedMessage) + filled_up(message.step().data.size(), 8);
}

void append(std::vector<std::byte>* batch, const wire::ListedMessage& message, wire::Bytes data) {
    const auto fixed = std::as_bytes(std::span(&message, 1));
    batch->insert(batch->end(), fixed.begin(), fixed.end());
    batch->insert(batch->end(), data.begin(), data.end());
    batch->resize(filled_up(batch->size(), 8));
}

}  // namespace

FetchWait::~FetchWait() {
    if (list_) list_->writer_gone();
}

ListRestWait::ListRestWait(Thread& thread, CompletionList& list) : Wait(thread), list_(list) {
    place_ = list.rest_waits().insert(list.rest_waits().end(), this);
}

ListRestWait::~ListRestWait() {
    list_.rest_waits().erase(place_);
}

CompletionList::~CompletionList() {
    finish_writer(STATUS_CANCELLED);
    finish_rest_waits();
}

bool CompletionList::fits(const Message& message) const {
    const auto& request = writer_->request();
    return request.most != 0 && size_in_list(message) <= request.room;
}

std::uint32_t CompletionList::size_in_list(const Message& message) const {
    const std::uint32_t attributes = std::min(writer_->request().attribute_size, kMostAttributeBytes);
    return static_cast<std::uint32_t>(
        filled_up(filled_up(message.step().total_length, 8) + attributes, kChunk));
}

bool CompletionList::claims_front() const {
    if (!enabled_) return false;
    if (!writer_ || !writer_->request().blocked) return true;
    return port_.empty() || fits(port_.front());
}

bool CompletionList::in_flight_after(std::uint64_t posts) const {
    return posts_ + batch_out_ > posts || (!port_.empty() && claims_front());
}

void CompletionList::serve() {
    if (!writer_) return;
    if (fits(port_.front())) {
        reply_with_batch();
    } else {
        finish_writer(STATUS_BUFFER_TOO_SMALL);
    }
}

// Puts the message at the head of the queue into a batch. False when it has to be the last one: the writer
// takes what came with it before it looks at anything else.
bool CompletionList::take_front(Batch* batch) {
    Thread& thread = writer_->thread();
    const Ref<Message> message = port_.take_front();
    log(LogLevel::messages, "message %x type %x, %zu bytes, goes to the completion list of %04llx",
        message->id(), message->step().type, message->step().data.size(),
        static_cast<unsigned long long>(owner_.facts().id));
    NTALPC_TRACE(message_received(*message, thread));
    wire::ListedMessage listed;
    listed.message = message->header_for_receiver();
    listed.attributes = message->attributes_for_receiver(writer_->request().attribute_flags);
    batch->memory = message->hand_out_view(thread, port_, &listed.attributes);
    append(&batch->messages, listed, message->step().data);
    ++batch->count;
    const bool has_objects = hand_over_objects(thread, *message, listed.attributes);
    message->received();
    return !has_objects && !batch->memory;
}

void CompletionList::reply_with_batch() {
    Thread& thread = writer_->thread();
    const wire::FetchCompletionList::Request request = writer_->request();
    Batch batch;
    std::uint32_t room = request.room;
    for (bool more = true; more && !port_.empty() && batch.count < request.most;) {
        const std::uint32_t size = size_in_list(port_.front());
        if (size > room || batch.messages.size() + wire_size(port_.front()) > kMostBytesInBatch) break;
        room -= size;
        more = take_front(&batch);
    }
    batch_out_ = batch.count;
    const auto self = take_writer();
    wire::FetchCompletionList::Reply reply;
    reply.count = batch.count;
    thread.reply<wire::FetchCompletionList>(STATUS_SUCCESS, reply, {.messages = batch.messages},
                                            std::span(batch.memory, batch.memory ? 1 : 0));
}

std::unique_ptr<Wait> CompletionList::take_writer() {
    FetchWait* const writer = std::exchange(writer_, nullptr);
    writer->detach();
    return writer->thread().unpark();
}

void CompletionList::finish_writer(std::int32_t status) {
    if (!writer_) return;
    const auto self = take_writer();
    self->answer(status);
}

void CompletionList::finish_rest_waits() {
    while (!rest_waits_.empty()) rest_waits_.front()->finish(STATUS_SUCCESS);
}

void CompletionList::look_again() {
    Thread& thread = writer_->thread();
    const auto self = take_writer();
    wire::FetchCompletionList::Reply reply;
    thread.reply<wire::FetchCompletionList>(STATUS_SUCCESS, reply);
}

// Those who only looked whether there is anything have an answer in any case, and who has seen all of it
// before we heard of it is not woken for it.
void CompletionList::wake_receivers(std::uint32_t most) {
    auto& receivers = port_.receivers();
    for (auto at = receivers.begin(); at != receivers.end();) {
        ReceiveWait* const receiver = *at++;
        const bool polls = receiver->terms().polls;
        if (!more_than(receiver->terms().seen_posts)) {
            if (polls && !in_flight_after(receiver->terms().seen_posts)) receiver->finish(STATUS_TIMEOUT);
        } else if (polls || most != 0) {
            if (!polls) --most;
            receiver->finish(STATUS_ALPC_CHECK_COMPLETION_LIST);
        }
    }
}

void CompletionList::seen_empty(std::uint64_t posts) {
    seen_ = std::max(seen_, std::min(posts, posts_));
    port_.readiness_changed();
}

void CompletionList::acknowledge(const wire::FetchCompletionList::Request& request) {
    const std::uint32_t out = std::exchange(batch_out_, 0);
    if (out == 0) return;
    const std::uint32_t published = std::min(request.published, out);
    posts_ += published;
    wake_receivers(request.wake);
    port_.list_published(published, request.wake != 0);
    if (!ending_) finish_rest_waits();
    // The connection may have ended while its last messages were on their way.
    if (port_.empty() && port_.receive_status() != STATUS_SUCCESS)
        port_.finish_receivers(port_.receive_status());
}

void CompletionList::fetch(Call& call, const wire::FetchCompletionList::Request& request) {
    if (writer_) return call.finish(STATUS_INVALID_PARAMETER);
    const Ref<Port> alive(&port_);
    acknowledge(request);
    if (ending_) {
        call.finish(STATUS_CANCELLED);
        return end();
    }
    auto wait = std::make_unique<FetchWait>(call.thread, *this, request);
    writer_ = wait.get();
    call.thread.park(std::move(wait));
    if (std::exchange(room_hint_, false) && request.blocked) return look_again();
    port_.match();
}

void CompletionList::room_freed() {
    if (writer_ && writer_->request().blocked) return look_again();
    room_hint_ = true;
}

void CompletionList::run_down(Call& call) {
    const Ref<Port> alive(&port_);
    enabled_ = false;
    if (batch_out_ != 0) {
        call.thread.park(std::make_unique<ListRestWait>(call.thread, *this));
    } else {
        call.finish(STATUS_SUCCESS);
    }
    port_.match();
}

void CompletionList::unregister(Call& call) {
    if (batch_out_ != 0) {
        ending_ = true;
        call.thread.park(std::make_unique<ListRestWait>(call.thread, *this));
        return;
    }
    call.finish(STATUS_SUCCESS);
    end();
}

void CompletionList::end() {
    const Ref<Port> alive(&port_);
    alive->set_completion_list(nullptr);  // destroys *this
    alive->match();
}

void CompletionList::writer_gone() {
    writer_ = nullptr;
    end();
}

void end_completion_lists_of(Kernel& kernel, const Process& process) {
    const auto is_theirs = [&](const Port* port) {
        return port->completion_list() && port->completion_list()->belongs_to(process);
    };
    // Ending one may be the end of its port.
    for (auto found = kernel.ports.begin(); found != kernel.ports.end();) {
        found = std::find_if(kernel.ports.begin(), kernel.ports.end(), is_theirs);
        if (found != kernel.ports.end()) (*found)->completion_list()->end();
    }
}

}  // namespace ntalpc::server
