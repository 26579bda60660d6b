// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/load/calls.h"

#include <cstring>

#include "ntalpc/name.h"
#include "ntalpc/status.h"

namespace ntalpc::load {

namespace {

;

LARGE_INTEGER after(std::int64_t milliseconds) {
    LARGE_INTEGER time{};
    time.QuadPart = -10000 * milliseconds;
    return time;
}

constexpr ULONG kLegacyLength = 256;

unsigned char pattern_byte(const Body& body, std::size_t place) {
    return static_cast<unsigned char>(body.number * 31 + place);
}

}  // namespace

ALPC_PORT_ATTRIBUTES port_attributes() {
    ALPC_PORT_ATTRIBUTES attributes{};
    attributes.Flags = ALPC_PORFLG_ALLOW_DUP_OBJECT | ALPC_PORFLG_WAITABLE_PORT;
    attributes.DupObjectTypes = ALPC_PORFLG_OBJECT_TYPE_ALL;
    attributes.MaxMessageLength = sizeof(PORT_MESSAGE) + kMostData;
    return attributes;
}

void Message::make(const Body& body, std::size_t pattern) {
    *get() = {};
    get()->u1.s1.DataLength = static_cast<SHORT>(sizeof(body) + pattern);
    get()->u1.s1.TotalLength = static_cast<SHORT>(sizeof(PORT_MESSAGE) + sizeof(body) + pattern);
    unsigned char* const data = bytes_.data() + sizeof(PORT_MESSAGE);
    std::memcpy(data, &body, sizeof(body));
    for (std::size_t i = 0; i < pattern; ++i) data[sizeof(body) + i] = pattern_byte(body, i);
}

bool Message::parse(Body* body) {
    const std::size_t size = static_cast<USHORT>(get()->u1.s1.DataLength);
    const unsigned char* const data = bytes_.data() + sizeof(PORT_MESSAGE);
    if (size < sizeof(*body) || size > kMostData) return false;
    std::memcpy(body, data, sizeof(*body));
    for (std::size_t i = 0; i < size - sizeof(*body); ++i) {
        if (data[sizeof(*body) + i] != pattern_byte(*body, i)) return false;
    }
    return true;
}

Attributes::Attributes(ULONG allocated) {
    SIZE_T needed = 0;
    AlpcInitializeMessageAttribute(allocated, get(), sizeof(bytes_), &needed);
}

std::string port_name(const std::string& prefix, std::uint32_t service, bool legacy) {
    return "\\RPC Control\\" + prefix + std::to_string(service) + (legacy ? "-legacy" : "");
}

std::string text_of(NTSTATUS status) {
    const char* const name = ntalpc::status_name(status);
    return name ? name : std::to_string(status);
}

NTSTATUS create_port(const std::string& name, bool legacy, HANDLE* port) {
    Name path(name);
    OBJECT_ATTRIBUTES object = path.attributes();
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    return legacy ? NtCreatePort(port, &object, 0, kLegacyLength, 0)
                  : NtAlpcCreatePort(port, &object, &attributes);
}

NTSTATUS connect_port(const std::string& name, HANDLE* port) {
    Name path(name);
    ALPC_PORT_ATTRIBUTES attributes = port_attributes();
    LARGE_INTEGER patience = after(kPatience * 1000);
    return NtAlpcConnectPort(port, path.get(), nullptr, &attributes, ALPC_MSGFLG_SYNC_REQUEST, nullptr,
                             nullptr, nullptr, nullptr, nullptr, &patience);
}

NTSTATUS connect_legacy(const std::string& name, HANDLE* port) {
    Name path(name);
    SECURITY_QUALITY_OF_SERVICE quality{};
    quality.Length = sizeof(quality);
    quality.ImpersonationLevel = SecurityImpersonation;
    return NtConnectPort(port, path.get(), &quality, nullptr, nullptr, nullptr, nullptr, nullptr);
}

NTSTATUS ask(HANDLE port, Message& question, ALPC_MESSAGE_ATTRIBUTES* attributes, Message& answer) {
    SIZE_T room = answer.room();
    LARGE_INTEGER patience = after(kPatience * 1000);
    return NtAlpcSendWaitReceivePort(port, ALPC_MSGFLG_SYNC_REQUEST, question.get(), attributes, answer.get(),
                                     &room, nullptr, &patience);
}

NTSTATUS send(HANDLE port, Message& message, ULONG flags, ALPC_MESSAGE_ATTRIBUTES* attributes) {
    return NtAlpcSendWaitReceivePort(port, flags, message.get(), attributes, nullptr, nullptr, nullptr,
                                     nullptr);
}

NTSTATUS receive(HANDLE port, Message& message, ALPC_MESSAGE_ATTRIBUTES* attributes,
                 std::int64_t milliseconds) {
    SIZE_T room = message.room();
    LARGE_INTEGER time = after(milliseconds);
    return NtAlpcSendWaitReceivePort(port, 0, nullptr, nullptr, message.get(), &room, attributes, &time);
}

}  // namespace ntalpc::load
