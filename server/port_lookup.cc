// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/port_lookup.h"

#include <algorithm>
#include <cstring>

#include "ntalpc/status.h"
#include "server/log.h"
#include "server/object_security.h"
#include "server/trace_points.h"

namespace ntalpc::server {

std::u16string text_of(wire::Bytes bytes) {
    std::u16string text(bytes.size() / sizeof(char16_t), u'\0');
    std::memcpy(text.data(), bytes.data(), text.size() * sizeof(char16_t));
    return text;
}

std::int32_t check_name(wire::Bytes bytes) {
    constexpr std::size_t longest = 0xFFFE;  // what a UNICODE_STRING can hold
    return bytes.size() > longest || bytes.size() % sizeof(char16_t) != 0 ? STATUS_OBJECT_NAME_INVALID
                                                                          : STATUS_SUCCESS;
}

std::int32_t find_port(const Call& call, std::uint64_t handle, Port** port) {
    const Handle* const found = call.process().find(handle);
    if (!found) return STATUS_INVALID_HANDLE;
    *port = dynamic_cast<Port*>(&found->object());
    return *port ? STATUS_SUCCESS : STATUS_OBJECT_TYPE_MISMATCH;
}

namespace {

std::int32_t check_listener(Object& object, const security::Token& token, wire::Bytes required_sid,
                            Ref<Port>* listener) {
    auto* const port = dynamic_cast<Port*>(&object);
    if (!port) return STATUS_OBJECT_TYPE_MISMATCH;
    std::uint32_t granted = 0;
    if (const auto status = check_object_access(*port, token, PORT_CONNECT, &granted)) return status;
    if (port->kind() != Port::Kind::connection) return STATUS_INVALID_PORT_HANDLE;
    if (!port->listening()) return STATUS_PORT_CONNECTION_REFUSED;
    if (!required_sid.empty() && !std::ranges::equal(port->owner_token().user.bytes(), required_sid)) {
        return STATUS_SERVER_SID_MISMATCH;
    }
    *listener = Ref<Port>(port);
    return STATUS_SUCCESS;
}

const char* reason_of(std::int32_t status) {
    switch (status) {
        case STATUS_OBJECT_NAME_NOT_FOUND:
            return "there is nothing of that name";
        case STATUS_OBJECT_PATH_NOT_FOUND:
            return "a directory of that path is not there";
        case STATUS_OBJECT_TYPE_MISMATCH:
            return "it is not a port, or has nothing below it";
        case STATUS_INVALID_PORT_HANDLE:
            return "it is not a connection port";
        case STATUS_ACCESS_DENIED:
            return "the token of the thread may not connect to it";
        case STATUS_SERVER_SID_MISMATCH:
            return "its server is not whom the client requires";
        case STATUS_PORT_CONNECTION_REFUSED:
            return "the port does not listen any more";
        default:
            return "the call is not well formed";
    }
}

}  // namespace

void tell_refusal(const Call& call, wire::Bytes name, std::int32_t status) {
    const ProcessFacts& caller = call.process().facts();
    log(LogLevel::connections, "%04llx:%04llx (%s) connects to %s: refused, %s (%s)",
        static_cast<unsigned long long>(caller.id), static_cast<unsigned long long>(call.thread.id()),
        caller.image_path.c_str(), printable(text_of(name)).c_str(), reason_of(status),
        status_text(status).c_str());
    NTALPC_TRACE(connect_failed(call.thread, text_of(name), status));
}

std::int32_t find_listener(const Call& call, wire::Bytes name, CaseRule rule, wire::Bytes required_sid,
                           Ref<Port>* listener) {
    Ref<Object> object;
    std::int32_t status = check_name(name);
    const security::Token& token = call.thread.effective_token();
    if (status == STATUS_SUCCESS) status = call.kernel.names.open(text_of(name), rule, token, &object);
    if (status == STATUS_SUCCESS) status = check_listener(*object, token, required_sid, listener);
    if (status != STATUS_SUCCESS) {
        tell_refusal(call, name, status);
        return status;
    }
    log(LogLevel::connections, "%04llx:%04llx connects to %s",
        static_cast<unsigned long long>(call.process().facts().id),
        static_cast<unsigned long long>(call.thread.id()), printable(text_of(name)).c_str());
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::server
