// SPDX-License-Identifier: LGPL-2.1-or-later
// The kernel's part of a completion list with a program that writes whatever it likes into its list, and
// takes the memory away. The writer touches nothing but the list, never hangs, and gives up at most. As long
// as the program has only taken and freed messages, each is delivered once, whole, and in order.
//
// The parts of the library that attributes would need are not here: the host and the calls that follow from
// handles and views are played by this file.
//
// Built from: ntdll_alpc/core/completion_list_writer.cc
#include <deque>
#include <map>
#include <memory>

#include "core/capture.h"
#include "core/completion_list_writer.h"
#include "fuzz/input.h"

namespace ntalpc::core {

namespace {

using fuzz::Input;
using fuzz::require;

// The memory that the program has given, of which the end may be missing.
class ListMemory {
  public:
    explicit ListMemory(std::size_t size)
        : size_(size), words_(std::make_unique<std::uint64_t[]>(size / 8 + 1)), there_(size) {
        current_ = this;
    }
    ~ListMemory() { current_ = nullptr; }
    unsigned char* base() const { return reinterpret_cast<unsigned char*>(words_.get()); }
    void cut(std::size_t size) { there_ = std::min(there_, size); }
    bool whole() const { return there_ == size_; }
    std::size_t size() const { return size_; }

    // Whether the list has it, and still has it.
    static bool reaches(const void* place, std::size_t size) {
        const auto* const at = static_cast<const unsigned char*>(place);
        require(current_ != nullptr && at >= current_->base() && at <= current_->base() + current_->size_ &&
                    size <= static_cast<std::size_t>(current_->base() + current_->size_ - at),
                "the writer stays within the list");
        return size <= current_->there_ && at <= current_->base() + (current_->there_ - size);
    }

  private:
    static inline ListMemory* current_ = nullptr;
    const std::size_t size_;
    const std::unique_ptr<std::uint64_t[]> words_;
    std::size_t there_;
};

// What a program does with its own memory.
class OwnWords {
  public:
    explicit OwnWords(unsigned char* base) : base_(base) {}
    std::uint64_t load64(std::uint32_t offset) const { return *at<std::uint64_t>(offset); }
    std::uint32_t load32(std::uint32_t offset) const { return *at<std::uint32_t>(offset); }
    void store32(std::uint32_t offset, std::uint32_t value) const { *at<std::uint32_t>(offset) = value; }
    bool exchange64(std::uint32_t offset, std::uint64_t& expected, std::uint64_t desired) const {
        auto* const word = at<std::uint64_t>(offset);
        if (*word != expected) return expected = *word, false;
        *word = desired;
        return true;
    }
    std::uint32_t add32(std::uint32_t offset, std::uint32_t value) const {
        return *at<std::uint32_t>(offset) += value;
    }

  private:
    template <class T>
    T* at(std::uint32_t offset) const {
        return reinterpret_cast<T*>(base_ + offset);
    }
    unsigned char* const base_;
};

constexpr std::size_t kMostSteps = 200;
constexpr std::uint64_t kPort = 7;

class Session {
  public:
    Session(Input& input, std::uint32_t size, std::uint32_t attribute_flags)
        : input_(input),
          layout_(ListLayout::fitting(size)),
          attribute_size_(list_attribute_size(attribute_flags)),
          memory_(size),
          writer_(memory_.base(), layout_, attribute_flags),
          list_(OwnWords(memory_.base()), layout_) {}

    void run() {
        if (layout_.chunks == 0) return;
        require(writer_.format(), "a list can be made in memory that is there");
        try {
            for (std::size_t steps = 0; steps < kMostSteps && !input_.empty(); ++steps) step();
        } catch (const ListGone&) {
            require(!honest_ || !memory_.whole(), "a list is not given up without a reason");
        }
    }

  private:
    void step() {
        switch (input_.one_of(9)) {
            case 0:
            case 1:
                return put_batch();
            case 2:
            case 3:
                return take();
            case 4:
                return free_one();
            case 5:
                return static_cast<void>(input_.one_of(2) ? list_.join() : list_.leave());
            case 6:
                return writer_.ask_for_room();
            case 7:
                return scribble();
            case 8:
                return memory_.cut(input_.one_of(8) ? memory_.size() : input_.number<std::uint16_t>());
        }
    }

    // As many messages as the server would find room for.
    void put_batch() {
        CompletionListWriter::Room room = writer_.find_room();
        std::size_t wanted = 1 + input_.one_of(4), added = 0;
        for (; wanted != 0 && room.messages != 0; --wanted, --room.messages) {
            const std::uint16_t size = input_.number();
            const std::uint32_t bytes =
                kChunk * chunks_for(static_cast<std::uint32_t>(sizeof(PORT_MESSAGE) + size), attribute_size_);
            if (bytes > room.bytes) break;
            room.bytes -= bytes;
            add(size);
            ++added;
        }
        if (added != 0) writer_.publish();
    }
    void add(std::uint16_t size) {
        wire::ListedMessage message;
        message.message.data_length = size;
        message.message.total_length = static_cast<std::uint16_t>(sizeof(PORT_MESSAGE) + size);
        message.message.type = LPC_DATAGRAM;
        message.message.message_id = ++last_id_;
        const std::vector<std::byte> data(size, static_cast<std::byte>(last_id_));
        writer_.add(message, data, kPort);
        in_list_.push_back(last_id_);
    }

    void take() {
        const std::uint32_t offset = list_.take();
        if (!honest_) return;
        if (offset == list_.kNoMessage)
            return require(in_list_.empty(), "a message that is in the list is found");
        require(!in_list_.empty() && layout_.holds(offset), "what is found is a message");
        const auto* const message =
            reinterpret_cast<const PORT_MESSAGE*>(memory_.base() + layout_.data_offset + offset);
        require(message->MessageId == in_list_.front(), "messages come in order");
        const auto* const data = reinterpret_cast<const unsigned char*>(message + 1);
        for (int i = 0; i < message->u1.s1.DataLength; ++i)
            require(data[i] == static_cast<unsigned char>(message->MessageId), "a message is whole");
        require(out_.emplace(offset, message->MessageId).second, "two messages have two places");
        in_list_.pop_front();
    }
    void free_one() {
        if (!honest_)
            return static_cast<void>(list_.release(input_.number<std::uint16_t>() & ~63u) &&
                                     list_.count_freed());
        if (out_.empty()) return;
        const auto victim = std::next(out_.begin(), static_cast<std::ptrdiff_t>(input_.one_of(out_.size())));
        require(list_.release(victim->first), "a message can be freed");
        list_.count_freed();
        out_.erase(victim);
    }
    void scribble() {
        honest_ = false;
        const std::size_t at = input_.number<std::uint16_t>() % memory_.size();
        const auto bytes = input_.take(1 + input_.one_of(16));
        std::copy_n(bytes.begin(), std::min(bytes.size(), memory_.size() - at), memory_.base() + at);
    }

    Input& input_;
    const ListLayout layout_;
    const std::uint32_t attribute_size_;
    ListMemory memory_;
    CompletionListWriter writer_;
    BasicCompletionList<OwnWords> list_;
    bool honest_ = true;
    std::uint32_t last_id_ = 0;
    std::deque<std::uint32_t> in_list_;
    std::map<std::uint32_t, std::uint32_t> out_;  // offsets and ids of what has been taken
};

}  // namespace

// The parts of capture.cc that the writer uses, without what follows from attributes that take calls.
NTSTATUS write_message(PORT_MESSAGE* buffer, const wire::PortMessage& header, wire::Bytes data) {
    PORT_MESSAGE message{};
    message.u1.s1.DataLength = static_cast<SHORT>(header.data_length);
    message.u1.s1.TotalLength = static_cast<SHORT>(header.total_length);
    message.MessageId = header.message_id;
    const NTSTATUS status = write(buffer, message);
    if (status != STATUS_SUCCESS) return status;
    return host::copy_to_program(buffer + 1, data.data(), data.size()) ? STATUS_SUCCESS
                                                                       : STATUS_ACCESS_VIOLATION;
}

NTSTATUS write_received_attributes(ALPC_MESSAGE_ATTRIBUTES* buffer, const wire::MessageAttributes&,
                                   const ReceivedMessage&) {
    return write(buffer, ALPC_MESSAGE_ATTRIBUTES{});
}

}  // namespace ntalpc::core

namespace ntalpc::host {

bool copy_from_program(void* to, const void* program_memory, std::size_t size) {
    if (!core::ListMemory::reaches(program_memory, size)) return false;
    std::memcpy(to, program_memory, size);
    return true;
}

bool copy_to_program(void* program_memory, const void* from, std::size_t size) {
    if (!core::ListMemory::reaches(program_memory, size)) return false;
    if (size != 0) std::memcpy(program_memory, from, size);
    return true;
}

bool exchange_in_program(std::uint64_t* word, std::uint64_t* expected, std::uint64_t desired) {
    if (!core::ListMemory::reaches(word, sizeof(*word))) return false;
    if (*word != *expected) return *expected = *word, true;
    *word = desired;
    return true;
}

}  // namespace ntalpc::host

// The first bytes say how large the list is and which attributes its messages have.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ntalpc;
    fuzz::Input input(data, size);
    const std::uint32_t list_size = 64 + input.number<std::uint16_t>() % 16384;
    const std::uint32_t flags = static_cast<std::uint32_t>(input.number()) << 24 & ALPC_MESSAGE_ATTRIBUTE_ALL;
    core::Session(input, list_size, flags).run();
    return 0;
}
