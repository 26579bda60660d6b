// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/lease_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "ntalpc/ntlpcapi.h"

namespace ntalpc::core {

namespace {

lease::Region* map_region(const UniqueFd& memory, int protection) {
    void* const place = mmap(nullptr, sizeof(lease::Region), protection, MAP_SHARED, memory.get(), 0);
    return place == MAP_FAILED ? nullptr : static_cast<lease::Region*>(place);
}

}  // namespace

std::unique_ptr<LeaseMemory> LeaseMemory::map(std::uint32_t number, lease::Owner side, const UniqueFd& own,
                                              const UniqueFd& others) {
    std::unique_ptr<LeaseMemory> memory(new LeaseMemory(number, side));
    memory->own_ = map_region(own, PROT_READ | PROT_WRITE);
    memory->others_ = map_region(others, PROT_READ);
    return memory->own_ && memory->others_ ? std::move(memory) : nullptr;
}

LeaseMemory::~LeaseMemory() {
    if (own_) munmap(own_, sizeof(lease::Region));
    if (others_) munmap(const_cast<lease::Region*>(others_), sizeof(lease::Region));
}

bool LeaseMemory::write(std::uint32_t slot, const lease::Envelope& envelope, wire::Bytes data) const {
    own_->slots[slot].envelope = envelope;
    return data.empty() ||
           host::copy_from_program(lease::data_of(*own_, slot, data.size()), data.data(), data.size());
}

// The copy is what is checked, and what counts; the original may change meanwhile.
bool LeaseMemory::read(std::uint32_t slot, std::uint16_t type, std::uint16_t other_type,
                       LeasedMessage* message) const {
    message->slot = slot;
    std::memcpy(&message->envelope, &others_->slots[slot].envelope, sizeof(lease::Envelope));
    const lease::Envelope& envelope = message->envelope;
    if (envelope.type != type && envelope.type != other_type) return false;
    return envelope.total_length >= sizeof(PORT_MESSAGE) + envelope.data_length;
}

wire::Bytes LeaseMemory::data_of(const LeasedMessage& message) const {
    const std::size_t length = message.envelope.data_length;
    return {lease::data_of(*others_, message.slot, length), length};
}

wire::Bytes LeaseMemory::read_data(CallScope& scope, const LeasedMessage& message) const {
    const wire::Bytes data = data_of(message);
    const std::span<std::byte> buffer = scope.channel().scratch();
    if (!data.empty()) std::memcpy(buffer.data(), data.data(), data.size());
    return buffer.first(data.size());
}

bool LeaseMemory::knows_sender(CallScope& scope, std::uint64_t thread_id) {
    if (thread_id != 0 && last_sender_.load(std::memory_order_relaxed) == thread_id) return true;
    {
        const std::lock_guard lock(mutex_);
        if (std::ranges::find(senders_, thread_id) != senders_.end()) {
            last_sender_.store(thread_id, std::memory_order_relaxed);
            return true;
        }
    }
    wire::CheckSender::Request request;
    wire::CheckSender::Reply reply;
    wire::CheckSender::ReplyBlobs blobs;
    request.lease = number_;
    request.by_client = side_ == lease::Owner::server;
    request.thread_id = thread_id;
    if (scope.call<wire::CheckSender>(Blocking::no, request, {}, &reply, &blobs) != STATUS_SUCCESS)
        return false;
    constexpr std::size_t most = 256;
    const std::lock_guard lock(mutex_);
    if (senders_.size() >= most) senders_.clear();
    senders_.push_back(thread_id);
    return true;
}

wire::PortMessage header_of(const LeasedMessage& message, std::uint32_t id, std::uint64_t process_id) {
    const lease::Envelope& envelope = message.envelope;
    wire::PortMessage header;
    header.data_length = envelope.data_length;
    header.total_length = envelope.total_length;
    header.type = envelope.type;
    if (envelope.type == LPC_REQUEST) header.type |= LPC_CONTINUATION_REQUIRED;
    header.data_info_offset = envelope.data_info_offset;
    header.message_id = id;
    header.callback_id = lease::callback_id(id);
    header.process_id = process_id;
    header.thread_id = envelope.thread_id;
    return header;
}

void report_garbage(CallScope& scope, std::uint32_t lease) {
    wire::ReportGarbage::Request request;
    wire::ReportGarbage::Reply reply;
    wire::ReportGarbage::ReplyBlobs blobs;
    request.lease = lease;
    // When there is no such lease any more, that is what was to be reached.
    scope.call<wire::ReportGarbage>(Blocking::no, request, {}, &reply, &blobs);
}

}  // namespace ntalpc::core
