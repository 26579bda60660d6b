// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/port_lookup.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "ntalpc/ntbase.h"
#include "ntalpc/status.h"
#include "server/log.h"
#include "server/object_security.h"
#include "server/trace_points.h"

namespace ntalpc::server {

namespace {

std::u16string text_of(wire::Bytes bytes) {
    std::u16string text(bytes.size() / sizeof(char16_t), u'\0');
    std::memcpy(text.data(), bytes.data(), text.size() * sizeof(char16_t));
    return text;
}

std::u16string nameless_name(const wire::NameRoot& root) {
    if (root.id_low == 0 && root.id_high == 0) return {};
    char digits[33];
    std::snprintf(digits, sizeof(digits), "%016llx%016llx", static_cast<unsigned long long>(root.id_high),
                  static_cast<unsigned long long>(root.id_low));
    return {digits, digits + 32};
}

}  // namespace

std::int32_t read_path(wire::Bytes name, const wire::NameRoot& root, CaseRule rule, ObjectPath* path) {
    constexpr std::size_t longest = 0xFFFE;  // what a UNICODE_STRING can hold
    if (name.size() > longest || name.size() % sizeof(char16_t) != 0) return STATUS_OBJECT_NAME_INVALID;
    *path = {text_of(name), rule, root.known, nameless_name(root)};
    // Something stands behind a directory.
    return path->known < path->text.size() || path->known == 0 ? STATUS_SUCCESS : STATUS_OBJECT_NAME_INVALID;
}

CaseRule case_rule(std::uint32_t attributes) {
    return attributes & OBJ_CASE_INSENSITIVE ? CaseRule::insensitive : CaseRule::sensitive;
}

std::int32_t find_port(const Call& call, std::uint64_t handle, Port** port, std::uint32_t message_id) {
    if (const auto status = find_port_for_messages(call, handle, port)) return status;
    constexpr const char* reason = "a call needed the server";
    if (message_id == 0 || (*port)->kind() != Port::Kind::connection) {
        (*port)->take_back_leases(reason);
    } else if (Lease* const lease = call.kernel.leases.find_by_message(message_id)) {
        lease->connection().take_back_lease(reason);
    }
    return STATUS_SUCCESS;
}

std::int32_t find_port_for_messages(const Call& call, std::uint64_t handle, Port** port) {
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

void tell_refusal(const Call& call, const ObjectPath& path, std::int32_t status) {
    const ProcessFacts& caller = call.process().facts();
    log(LogLevel::connections, "%04llx:%04llx (%s) connects to %s: refused, %s (%s)",
        static_cast<unsigned long long>(caller.id), static_cast<unsigned long long>(call.thread.id()),
        caller.image_path.c_str(), printable(path.text).c_str(), reason_of(status),
        status_text(status).c_str());
    NTALPC_TRACE(connect_failed(call.thread, path.text, status));
}

std::int32_t find_listener(const Call& call, const ObjectPath& path, wire::Bytes required_sid,
                           Ref<Port>* listener) {
    Ref<Object> object;
    const security::Token& token = call.thread.effective_token();
    std::int32_t status = call.kernel.names.open(path, token, &object);
    if (status == STATUS_SUCCESS) status = check_listener(*object, token, required_sid, listener);
    if (status != STATUS_SUCCESS) {
        tell_refusal(call, path, status);
        return status;
    }
    log(LogLevel::connections, "%04llx:%04llx connects to %s",
        static_cast<unsigned long long>(call.process().facts().id),
        static_cast<unsigned long long>(call.thread.id()), printable(path.text).c_str());
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::server
