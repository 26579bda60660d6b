// SPDX-License-Identifier: LGPL-2.1-or-later
#include "alpctrace/replay_port.h"

#include <cstring>

#include "events/text.h"
#include "ntalpc/status.h"

namespace ntalpc {

namespace {

constexpr std::size_t kRoom = 0xFFFF;  // no message is longer
constexpr int kConnectLimit = 10'000;  // milliseconds that a server may take to decide

struct Message {
    PORT_MESSAGE header{};
    std::byte data[kRoom - sizeof(PORT_MESSAGE)];

    void set(wire::Bytes given) {
        std::memcpy(data, given.data(), given.size());
        header.u1.s1.DataLength = static_cast<SHORT>(given.size());
        header.u1.s1.TotalLength = static_cast<SHORT>(sizeof(header) + given.size());
    }
    std::vector<std::byte> content() const {
        return {data, data + static_cast<std::uint16_t>(header.u1.s1.DataLength)};
    }
};

struct ContextAttribute {
    ALPC_MESSAGE_ATTRIBUTES header{ALPC_MESSAGE_CONTEXT_ATTRIBUTE, 0};
    ALPC_CONTEXT_ATTR context{};
};

struct Name {
    explicit Name(const std::string& utf8) : text(utf16_of(utf8)) {
        string.Length = string.MaximumLength = static_cast<USHORT>(text.size() * sizeof(char16_t));
        string.Buffer = text.data();
    }
    std::u16string text;
    UNICODE_STRING string;
};

ALPC_PORT_ATTRIBUTES port_attributes(std::uint32_t flags) {
    ALPC_PORT_ATTRIBUTES attributes{};
    attributes.Flags = flags;
    attributes.SecurityQos = {sizeof(SECURITY_QUALITY_OF_SERVICE), SecurityImpersonation,
                              SECURITY_DYNAMIC_TRACKING, FALSE};
    attributes.MaxMessageLength = kRoom;
    return attributes;
}

LARGE_INTEGER milliseconds(int count) {
    LARGE_INTEGER limit;
    limit.QuadPart = -10'000LL * count;
    return limit;
}

}  // namespace

std::int32_t ReplayPorts::create(const std::string& name, std::uint32_t flags, HANDLE* port) const {
    Name given(name);
    OBJECT_ATTRIBUTES object;
    InitializeObjectAttributes(&object, &given.string, OBJ_CASE_INSENSITIVE, nullptr, nullptr);
    ALPC_PORT_ATTRIBUTES attributes = port_attributes(flags);
    return call_("NtAlpcCreatePort", {port, &object, &attributes});
}

std::int32_t ReplayPorts::connect(const std::string& name, std::vector<std::byte>* data, HANDLE* port) const {
    Name given(name);
    ALPC_PORT_ATTRIBUTES attributes = port_attributes(ALPC_PORFLG_ALLOW_IMPERSONATION);
    Message message;
    message.set(*data);
    SIZE_T room = sizeof(message);
    LARGE_INTEGER limit = milliseconds(kConnectLimit);
    const std::int32_t status =
        call_("NtAlpcConnectPort", {port, &given.string, nullptr, &attributes, ALPC_MSGFLG_SYNC_REQUEST,
                                    nullptr, &message.header, &room, nullptr, nullptr, &limit});
    if (status == STATUS_SUCCESS) *data = message.content();
    return status;
}

std::int32_t ReplayPorts::decide(HANDLE listener, const LiveMessage& request, bool accept,
                                 std::uint64_t context, wire::Bytes data, HANDLE* port) const {
    ALPC_PORT_ATTRIBUTES attributes = port_attributes(0);
    Message message;
    message.set(data);
    message.header.MessageId = request.id;
    return call_("NtAlpcAcceptConnectPort",
                 {port, listener, 0, nullptr, &attributes, context, &message.header, nullptr, accept});
}

std::int32_t ReplayPorts::send(HANDLE port, std::uint32_t type, wire::Bytes data, std::uint32_t callback,
                               std::uint32_t* id) const {
    Message message;
    message.set(data);
    message.header.MessageId = *id;
    message.header.CallbackId = callback;
    ContextAttribute attributes;
    attributes.header.ValidAttributes = *id == 0 ? ALPC_MESSAGE_CONTEXT_ATTRIBUTE : 0;
    const std::uint32_t flags = type == LPC_REQUEST ? 0 : ALPC_MSGFLG_RELEASE_MESSAGE;
    const std::int32_t status =
        call_("NtAlpcSendWaitReceivePort",
              {port, flags, &message.header, &attributes.header, nullptr, nullptr, nullptr, nullptr});
    if (status == STATUS_SUCCESS && *id == 0) *id = attributes.context.MessageId;
    return status;
}

std::int32_t ReplayPorts::receive(HANDLE port, int limit, LiveMessage* message) const {
    Message got;
    SIZE_T room = sizeof(got);
    ContextAttribute attributes;
    LARGE_INTEGER time = milliseconds(limit);
    const std::int32_t status = call_("NtAlpcSendWaitReceivePort", {port, 0, nullptr, nullptr, &got.header,
                                                                    &room, &attributes.header, &time});
    if (status != STATUS_SUCCESS) return status;
    message->type = static_cast<std::uint32_t>(got.header.u2.s2.Type) & 0xFF;
    message->id = got.header.MessageId;
    message->callback = got.header.CallbackId;
    message->context = reinterpret_cast<std::uintptr_t>(attributes.context.PortContext);
    message->data = got.content();
    return status;
}

std::int32_t ReplayPorts::cancel(HANDLE port, std::uint32_t id) const {
    ALPC_CONTEXT_ATTR context{};
    context.MessageId = id;
    return call_("NtAlpcCancelMessage", {port, ALPC_CANCELFLG_NO_CONTEXT_CHECK, &context});
}

}  // namespace ntalpc
