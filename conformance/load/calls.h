// SPDX-License-Identifier: LGPL-2.1-or-later
// The calls as the load uses them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "conformance/load/load.h"

namespace ntalpc::load {

// The most data that a message has, because its length is 16 bits.
inline constexpr std::size_t kMostData = 0xFFF8 - sizeof(PORT_MESSAGE);

// What each message's data begins with; a pattern that depends on it follows.
struct Body {
    Kind kind;
    std::uint32_t wanted;  // how many a push wants, what the view or the pipe holds
    std::uint64_t number;
    std::uint64_t told;  // in an end: how many pushes have been received
};

class Message {
  public:
    Message() : bytes_(sizeof(PORT_MESSAGE) + kMostData) {}
    PORT_MESSAGE* get() { return reinterpret_cast<PORT_MESSAGE*>(bytes_.data()); }
    // A new message with this body and so much pattern behind it.
    void make(const Body& body, std::size_t pattern);
    // Takes it apart. False when it is not as it was made.
    bool parse(Body* body);
    int type() { return get()->u2.s2.Type & 0xFF; }
    SIZE_T room() const { return bytes_.size(); }

  private:
    std::vector<unsigned char> bytes_;  // aligned as the header wants it
};

// Room for all the attributes that are received here.
class Attributes {
  public:
    explicit Attributes(ULONG allocated);
    ALPC_MESSAGE_ATTRIBUTES* get() { return reinterpret_cast<ALPC_MESSAGE_ATTRIBUTES*>(bytes_); }
    template <class Type>
    Type& part(ULONG flag) {
        return *static_cast<Type*>(AlpcGetMessageAttribute(get(), flag));
    }
    bool has(ULONG flag) { return (get()->ValidAttributes & flag) != 0; }

  private:
    alignas(8) unsigned char bytes_[512] = {};
};

std::string port_name(const std::string& prefix, std::uint32_t service, bool legacy);
std::string text_of(NTSTATUS status);

// Of all ports but the legacy ones.
ALPC_PORT_ATTRIBUTES port_attributes();
NTSTATUS create_port(const std::string& name, bool legacy, HANDLE* port);
// `data` is the body of the request and of the answer.
NTSTATUS connect_port(const std::string& name, HANDLE* port);
NTSTATUS connect_legacy(const std::string& name, HANDLE* port);
// Every one of these gives up after kPatience with STATUS_TIMEOUT.
NTSTATUS ask(HANDLE port, Message& question, ALPC_MESSAGE_ATTRIBUTES* attributes, Message& answer);
NTSTATUS send(HANDLE port, Message& message, ULONG flags, ALPC_MESSAGE_ATTRIBUTES* attributes = nullptr);
NTSTATUS receive(HANDLE port, Message& message, ALPC_MESSAGE_ATTRIBUTES* attributes,
                 std::int64_t milliseconds = kPatience * 1000);

}  // namespace ntalpc::load
