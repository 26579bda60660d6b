// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/object_security.h"

#include <array>

#include "core/call_scope.h"
#include "core/capture.h"
#include "server/security/security_descriptor.h"

namespace ntalpc::core {

namespace {

using security::SecurityDescriptor;

struct Head {
    std::uint8_t revision, resource_control;
    std::uint16_t control;
};

// Where the parts of a descriptor are, in the order of the structure: addresses in an absolute one, offsets
// in a self-relative one, and null for what is not there.
struct Parts {
    const void *owner, *group, *sacl, *dacl;
};

NTSTATUS locate_parts(const char* descriptor, bool self_relative, Parts* parts) {
    if (!self_relative) return read(reinterpret_cast<const Parts*>(descriptor + sizeof(void*)), parts);
    std::array<std::uint32_t, 4> offsets;
    const auto* const place =
        reinterpret_cast<const std::array<std::uint32_t, 4>*>(descriptor + sizeof(Head));
    if (const NTSTATUS status = read(place, &offsets); status != STATUS_SUCCESS) return status;
    const auto at = [&](std::uint32_t offset) { return offset == 0 ? nullptr : descriptor + offset; };
    *parts = {at(offsets[0]), at(offsets[1]), at(offsets[2]), at(offsets[3])};
    return STATUS_SUCCESS;
}

NTSTATUS capture_part(const void* sid, std::optional<security::Sid>* captured) {
    std::vector<std::byte> bytes;
    if (const NTSTATUS status = capture_sid(const_cast<void*>(sid), &bytes); status != STATUS_SUCCESS)
        return status;
    if (sid) *captured = security::Sid::from_bytes(bytes);
    return STATUS_SUCCESS;
}

NTSTATUS capture_part(const void* list, std::vector<std::byte>* captured) {
    captured->clear();
    if (!list) return STATUS_SUCCESS;
    std::array<std::uint16_t, 4> header;  // the second is the size
    const NTSTATUS status = read(static_cast<const std::array<std::uint16_t, 4>*>(list), &header);
    if (status != STATUS_SUCCESS) return status;
    std::vector<std::byte> bytes(std::max<std::size_t>(header[1], sizeof(header)));
    if (!host::copy_from_program(bytes.data(), list, bytes.size())) return STATUS_ACCESS_VIOLATION;
    const auto view = security::AclView::parse(bytes);
    if (!view) return STATUS_INVALID_ACL;
    captured->assign(view->bytes().begin(), view->bytes().end());
    return STATUS_SUCCESS;
}

}  // namespace

NTSTATUS capture_security_descriptor(const void* descriptor, std::vector<std::byte>* captured) {
    if (reinterpret_cast<std::uintptr_t>(descriptor) % sizeof(std::uint32_t) != 0)
        return STATUS_DATATYPE_MISALIGNMENT;
    Head head;
    Parts parts;
    NTSTATUS status = read(static_cast<const Head*>(descriptor), &head);
    if (status != STATUS_SUCCESS) return status;
    if (head.revision != SecurityDescriptor::kRevision) return STATUS_UNKNOWN_REVISION;
    const bool self_relative = (head.control & security::control::kSelfRelative) != 0;
    status = locate_parts(static_cast<const char*>(descriptor), self_relative, &parts);
    SecurityDescriptor made;
    made.control = head.control & ~security::control::kSelfRelative;
    if (status == STATUS_SUCCESS) status = capture_part(parts.owner, &made.owner);
    if (status == STATUS_SUCCESS) status = capture_part(parts.group, &made.group);
    // Without its bit a list is not there, whatever the pointer says.
    if (status == STATUS_SUCCESS && made.has(security::control::kSaclPresent))
        status = capture_part(parts.sacl, &made.sacl);
    if (status == STATUS_SUCCESS && made.has(security::control::kDaclPresent))
        status = capture_part(parts.dacl, &made.dacl);
    if (status != STATUS_SUCCESS) return status;
    if (made.encoded_size() > SecurityDescriptor::kMaxSize) return STATUS_INVALID_SECURITY_DESCR;
    *captured = made.encode();
    return STATUS_SUCCESS;
}

NTSTATUS query_security(HANDLE handle, ULONG information, void* descriptor, ULONG length, ULONG* needed) {
    wire::QuerySecurity::Request request;
    wire::QuerySecurity::Reply reply;
    wire::QuerySecurity::ReplyBlobs blobs;
    request.information = information;
    CallScope scope;
    NTSTATUS status = scope.connect(handle, &request.handle);
    if (status == STATUS_SUCCESS) status = probe_for_write(needed);
    if (status == STATUS_SUCCESS) status = probe_for_write(descriptor, length);
    if (status == STATUS_SUCCESS)
        status = scope.call<wire::QuerySecurity>(Blocking::no, request, {}, &reply, &blobs);
    if (status != STATUS_SUCCESS) return status;
    const wire::Bytes answer = blobs.security_descriptor;
    if (status = write(needed, static_cast<ULONG>(answer.size())); status != STATUS_SUCCESS) return status;
    if (answer.size() > length) return STATUS_BUFFER_TOO_SMALL;
    return host::copy_to_program(descriptor, answer.data(), answer.size()) ? STATUS_SUCCESS
                                                                           : STATUS_ACCESS_VIOLATION;
}

NTSTATUS set_security(HANDLE handle, ULONG information, const void* descriptor) {
    wire::SetSecurity::Request request;
    wire::SetSecurity::Reply reply;
    wire::SetSecurity::ReplyBlobs blobs;
    std::vector<std::byte> captured;
    request.information = information;
    CallScope scope;
    NTSTATUS status = scope.connect(handle, &request.handle);
    if (status == STATUS_SUCCESS && !descriptor) status = STATUS_ACCESS_VIOLATION;
    if (status == STATUS_SUCCESS) status = capture_security_descriptor(descriptor, &captured);
    if (status != STATUS_SUCCESS) return status;
    return scope.call<wire::SetSecurity>(Blocking::no, request, {.security_descriptor = captured}, &reply,
                                         &blobs);
}

}  // namespace ntalpc::core
