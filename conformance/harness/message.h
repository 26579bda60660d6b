// SPDX-License-Identifier: LGPL-2.1-or-later
// Buffers for messages and for message attributes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/harness/api.h"

namespace ntalpc::conformance {

constexpr std::size_t header_size = sizeof(PORT_MESSAGE);

// A message with room for `capacity` bytes of data. As a receive buffer it starts out filled with a pattern,
// so that what a call leaves alone can be seen.
template <std::size_t capacity = 0x400>
class Message {
  public:
    static constexpr unsigned char pattern = 0xA5;

    Message() { std::memset(&buffer_, pattern, sizeof(buffer_)); }

    // A new message, ready to be sent.
    explicit Message(std::string_view data) {
        std::memset(&buffer_, 0, sizeof(buffer_));
        set_data(data);
    }

    void set_data(std::string_view data) {
        std::copy(data.begin(), data.end(), buffer_.data);
        header().u1.s1.DataLength = static_cast<SHORT>(data.size());
        header().u1.s1.TotalLength = static_cast<SHORT>(header_size + data.size());
    }

    // What answers `request`: its ids and nothing else of it.
    template <std::size_t other>
    static Message answer(Message<other>& request, std::string_view data) {
        Message reply(data);
        reply.header().MessageId = request.id();
        reply.header().CallbackId = request.callback_id();
        return reply;
    }

    PORT_MESSAGE& header() { return buffer_.header; }
    PORT_MESSAGE* get() { return &buffer_.header; }

    unsigned type() { return static_cast<std::uint16_t>(header().u2.s2.Type); }
    unsigned kind() { return type() & 0xFF; }
    unsigned data_length() { return static_cast<std::uint16_t>(header().u1.s1.DataLength); }
    unsigned total_length() { return static_cast<std::uint16_t>(header().u1.s1.TotalLength); }
    ULONG id() { return header().MessageId; }
    ULONG callback_id() { return header().CallbackId; }
    std::string data() {
        return std::string(reinterpret_cast<const char*>(buffer_.data),
                           data_length() < capacity ? data_length() : capacity);
    }

    bool untouched() {
        const auto* bytes = reinterpret_cast<const unsigned char*>(&buffer_);
        for (std::size_t i = 0; i < sizeof(buffer_); ++i)
            if (bytes[i] != pattern) return false;
        return true;
    }

    static constexpr SIZE_T size() { return header_size + capacity; }

  private:
    struct {
        PORT_MESSAGE header;
        unsigned char data[capacity ? capacity : 1];
    } buffer_;
};

// An attribute buffer with room for the given attributes, none of them valid.
class Attributes {
  public:
    explicit Attributes(ULONG flags) {
        SIZE_T needed = 0;
        api().AlpcInitializeMessageAttribute(flags, static_cast<PALPC_MESSAGE_ATTRIBUTES>(nullptr), SIZE_T{0},
                                             &needed);
        storage_.resize((needed + sizeof(ULONG64) - 1) / sizeof(ULONG64));
        api().AlpcInitializeMessageAttribute(flags, get(), needed, &needed);
    }

    PALPC_MESSAGE_ATTRIBUTES get() { return reinterpret_cast<PALPC_MESSAGE_ATTRIBUTES>(storage_.data()); }
    ULONG valid() { return get()->ValidAttributes; }
    void set_valid(ULONG flags) { get()->ValidAttributes = flags; }
    ALPC_CONTEXT_ATTR& context() {
        return *static_cast<ALPC_CONTEXT_ATTR*>(
            api().AlpcGetMessageAttribute(get(), static_cast<ULONG>(ALPC_MESSAGE_CONTEXT_ATTRIBUTE)));
    }
    ALPC_HANDLE_ATTR& handle() {
        return *static_cast<ALPC_HANDLE_ATTR*>(
            api().AlpcGetMessageAttribute(get(), static_cast<ULONG>(ALPC_MESSAGE_HANDLE_ATTRIBUTE)));
    }
    ALPC_DATA_VIEW_ATTR& view() {
        return *static_cast<ALPC_DATA_VIEW_ATTR*>(
            api().AlpcGetMessageAttribute(get(), static_cast<ULONG>(ALPC_MESSAGE_VIEW_ATTRIBUTE)));
    }

    ALPC_SECURITY_ATTR& security() {
        return *static_cast<ALPC_SECURITY_ATTR*>(
            api().AlpcGetMessageAttribute(get(), static_cast<ULONG>(ALPC_MESSAGE_SECURITY_ATTRIBUTE)));
    }
    ALPC_TOKEN_ATTR& token() {
        return *static_cast<ALPC_TOKEN_ATTR*>(
            api().AlpcGetMessageAttribute(get(), static_cast<ULONG>(ALPC_MESSAGE_TOKEN_ATTRIBUTE)));
    }

  private:
    std::vector<ULONG64> storage_;
};

}  // namespace ntalpc::conformance
