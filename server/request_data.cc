// SPDX-License-Identifier: LGPL-2.1-or-later
// NtReadRequestData and NtWriteRequestData.
//
// The server of a port reads and writes the memory of the thread that waits for its answer. Neither the
// server's process nor this one touches that memory: the waiting thread is asked to copy, on its own channel,
// where it sits in a read anyway. No rights over the process are needed, the thread checks its own addresses,
// and a thread that is killed meanwhile is simply gone.
#include <algorithm>
#include <deque>

#include "ntalpc/lpc_action.h"
#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "server/dispatch.h"
#include "server/port.h"
#include "server/port_lookup.h"
#include "server/request_data.h"
#include "server/waits.h"

namespace ntalpc::server {

DataWait::DataWait(Thread& thread, Thread& owner, Message& message, const wire::ServeData::Reply& order,
                   wire::Bytes data)
    : Wait(thread), owner_(&owner), message_(&message), order_(order), data_(data.begin(), data.end()) {
    owner.data_waits().push_back(this);
}

// The next in line gets its turn, unless the owner is still at work on what this one ordered: then its answer
// has to come first (serve_data finds that nobody wants it any more).
DataWait::~DataWait() {
    if (!owner_) return;
    auto& line = owner_->data_waits();
    const auto place = std::find(line.begin(), line.end(), this);
    if (place == line.begin()) {
        *place = nullptr;
    } else {
        line.erase(place);
    }
}

bool DataWait::place_order() {
    const bool waits = std::ranges::any_of(
        message_->waiter, [&](const ReplyWait* wait) { return wait && &wait->thread() == owner_; });
    if (waits) {
        owner_->send_unasked<wire::ServeData>(order_, {.data = data_});
    } else {
        owner_->data_waits().pop_front();
        owner_ = nullptr;
        finish(STATUS_REPLY_MESSAGE_MISMATCH);
    }
    return waits;
}

void DataWait::served(bool ok, wire::Bytes data) {
    wire::RequestData::Reply reply;
    reply.copied = order_.size;
    owner_ = nullptr;
    const auto self = thread().unpark();
    if (!ok || (!order_.write && data.size() != order_.size)) return thread().reply(STATUS_ACCESS_VIOLATION);
    thread().reply<wire::RequestData>(STATUS_SUCCESS, reply, {.data = order_.write ? wire::Bytes() : data});
}

void DataWait::owner_gone() {
    owner_ = nullptr;
    finish(STATUS_REPLY_MESSAGE_MISMATCH);
}

void abandon_data_waits(Thread& owner) {
    auto line = std::move(owner.data_waits());
    for (DataWait* wait : line) {
        if (wait) wait->owner_gone();
    }
}

void handle(Call& call, const wire::ServeData::Request& request, const wire::ServeData::RequestBlobs& blobs) {
    auto& line = call.thread.data_waits();
    if (line.empty()) return;  // the order was withdrawn with its whole line
    DataWait* const wait = line.front();
    line.pop_front();
    if (wait) wait->served(request.ok != 0, blobs.data);
    while (!line.empty() && !line.front()->place_order()) continue;
}

namespace {

// The entry of the message that the caller owes an answer to; lpc-semantics 12.4 has the order of the checks.
std::int32_t find_entry(Port& port, const wire::RequestData::Request& request, Message::DataEntry* entry,
                        Thread** owner, Message** found) {
    Message* const message = port.find_conversation(request.message_id);
    const auto asker = static_cast<std::size_t>(peer_of(port.side()));
    const ReplyWait* const wait = message ? message->waiter[asker] : nullptr;
    if (!wait || message->state() != Message::State::pending || message->owner() != port.side() ||
        wait->thread().id() != request.thread_id ||
        wait->thread().process().facts().id != request.process_id) {
        return STATUS_REPLY_MESSAGE_MISMATCH;
    }
    const auto& entries = message->data_entries[asker];
    if (request.entry >= entries.size()) return STATUS_INVALID_PARAMETER;
    *entry = entries[request.entry];
    *owner = &wait->thread();
    *found = message;
    const bool inside = request.offset <= entry->size && request.size <= entry->size - request.offset;
    return inside ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

}  // namespace

void handle(Call& call, const wire::RequestData::Request& request,
            const wire::RequestData::RequestBlobs& blobs) {
    if (request.size > kMaxDataChunk || (request.write && blobs.data.size() != request.size)) {
        return call.finish(STATUS_INVALID_PARAMETER);
    }
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    Message::DataEntry entry{};
    Thread* owner = nullptr;
    Message* message = nullptr;
    if (const auto status = find_entry(*port, request, &entry, &owner, &message)) return call.finish(status);
    wire::ServeData::Reply order;
    order.address = entry.base + request.offset;
    order.size = request.size;
    order.write = request.write;
    auto wait = std::make_unique<DataWait>(call.thread, *owner, *message, order, blobs.data);
    DataWait& waiting = *wait;
    call.thread.park(std::move(wait));
    if (owner->data_waits().size() == 1) waiting.place_order();
}

}  // namespace ntalpc::server
