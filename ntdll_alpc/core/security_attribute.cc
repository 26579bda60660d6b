// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/security_attribute.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "core/attributes.h"

namespace ntalpc::core {

namespace {

constexpr std::uint64_t kNewContext = ~std::uint64_t{1};  // -2 asks for a context to be made

ALPC_HANDLE handle_of(std::uint64_t number) {
    return reinterpret_cast<ALPC_HANDLE>(static_cast<std::uintptr_t>(number));
}

std::uint64_t number_of(ALPC_HANDLE handle) {
    return static_cast<std::uint64_t>(reinterpret_cast<std::intptr_t>(handle));
}

}  // namespace

std::uint32_t level_of(const SECURITY_QUALITY_OF_SERVICE& quality) {
    std::uint32_t level;
    static_assert(sizeof(level) == sizeof(quality.ImpersonationLevel));
    std::memcpy(&level, &quality.ImpersonationLevel, sizeof(level));
    return level;
}

NTSTATUS capture_quality(const SECURITY_QUALITY_OF_SERVICE* quality, wire::MessageAttributes* captured) {
    SECURITY_QUALITY_OF_SERVICE given;
    if (const NTSTATUS status = read(quality, &given); status != STATUS_SUCCESS) return status;
    captured->security_level = level_of(given);
    captured->security_dynamic = given.ContextTrackingMode != SECURITY_STATIC_TRACKING;
    captured->security_effective_only = given.EffectiveOnly != FALSE;
    return STATUS_SUCCESS;
}

NTSTATUS capture_security_attribute(const ALPC_SECURITY_ATTR* attribute, wire::MessageAttributes* captured) {
    ALPC_SECURITY_ATTR given;
    if (const NTSTATUS status = read(attribute, &given); status != STATUS_SUCCESS) return status;
    captured->security_flags = given.Flags;
    captured->security_context = number_of(given.ContextHandle);
    if (captured->security_context != kNewContext) return STATUS_SUCCESS;
    if (given.Flags & ALPC_SECFLG_DELETE_EXISTING) return STATUS_INVALID_PARAMETER;
    return capture_quality(given.QoS, captured);
}

bool takes_token(const wire::MessageAttributes& sent) {
    return (sent.valid & ALPC_MESSAGE_SECURITY_ATTRIBUTE) && sent.security_context == kNewContext &&
           !sent.security_dynamic;
}

bool takes_token(const wire::PortAttributes& client_port) {
    return (client_port.flags & ALPC_PORFLG_ALLOW_IMPERSONATION) && !client_port.qos_dynamic &&
           client_port.qos_level != SecurityAnonymous;
}

NTSTATUS write_security_attribute(ALPC_SECURITY_ATTR* attribute, const wire::MessageAttributes& received) {
    ALPC_SECURITY_ATTR out{};
    out.ContextHandle = handle_of(received.security_context);
    return write(attribute, out);
}

NTSTATUS write_new_context(ALPC_MESSAGE_ATTRIBUTES* buffer, const wire::MessageAttributes& sent,
                           std::uint64_t context) {
    const bool asked = (sent.valid & ALPC_MESSAGE_SECURITY_ATTRIBUTE) &&
                       (sent.security_flags & ALPC_SECFLG_CREATE_HANDLE) &&
                       sent.security_context == kNewContext;
    if (!asked) return STATUS_SUCCESS;
    char* const attribute = reinterpret_cast<char*>(buffer) +
                            attributes::offset_of(sent.allocated, ALPC_MESSAGE_SECURITY_ATTRIBUTE);
    const ALPC_HANDLE handle = handle_of(context);
    char* const place = attribute + offsetof(ALPC_SECURITY_ATTR, ContextHandle);
    return host::copy_to_program(place, &handle, sizeof(handle)) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

}  // namespace ntalpc::core
