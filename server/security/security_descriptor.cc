// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/security/security_descriptor.h"

#include <cstring>

#include "ntalpc/status.h"

namespace ntalpc::security {

namespace {

struct Header {
    std::uint8_t revision, resource_control;
    std::uint16_t control;
    std::uint32_t owner, group, sacl, dacl;  // offsets, 0 for what is not there
};
static_assert(sizeof(Header) == SecurityDescriptor::kHeaderSize);

// What begins at an offset. Offsets into the header make no sense, and parts are aligned like the numbers in
// them.
bool locate(Bytes bytes, std::uint32_t offset, Bytes* part) {
    if (offset < sizeof(Header) || offset % 4 != 0 || offset > bytes.size()) return false;
    *part = bytes.subspan(offset);
    return true;
}

std::int32_t parse_sid(Bytes bytes, std::uint32_t offset, std::optional<Sid>* sid) {
    Bytes part;
    if (offset == 0) return STATUS_SUCCESS;
    if (!locate(bytes, offset, &part)) return STATUS_INVALID_SECURITY_DESCR;
    *sid = Sid::parse(part);
    return *sid ? STATUS_SUCCESS : STATUS_INVALID_SID;
}

std::int32_t parse_acl(Bytes bytes, std::uint32_t offset, std::vector<std::byte>* list) {
    Bytes part;
    if (offset == 0) return STATUS_SUCCESS;
    if (!locate(bytes, offset, &part)) return STATUS_INVALID_SECURITY_DESCR;
    const auto view = AclView::parse(part);
    if (!view) return STATUS_INVALID_ACL;
    list->assign(view->bytes().begin(), view->bytes().end());
    return STATUS_SUCCESS;
}

}  // namespace

std::int32_t SecurityDescriptor::parse(Bytes bytes, SecurityDescriptor* descriptor) {
    Header header;
    if (bytes.size() < sizeof(header) || bytes.size() > kMaxSize) return STATUS_INVALID_SECURITY_DESCR;
    std::memcpy(&header, bytes.data(), sizeof(header));
    if (header.revision != kRevision) return STATUS_UNKNOWN_REVISION;
    if ((header.control & control::kSelfRelative) == 0) return STATUS_INVALID_SECURITY_DESCR;
    SecurityDescriptor parsed;
    parsed.control = header.control & ~control::kSelfRelative;
    if (const auto status = parse_sid(bytes, header.owner, &parsed.owner)) return status;
    if (const auto status = parse_sid(bytes, header.group, &parsed.group)) return status;
    // An offset without the bit means nothing.
    if (parsed.has(control::kSaclPresent)) {
        if (const auto status = parse_acl(bytes, header.sacl, &parsed.sacl)) return status;
    }
    if (parsed.has(control::kDaclPresent)) {
        if (const auto status = parse_acl(bytes, header.dacl, &parsed.dacl)) return status;
    }
    // Parts may overlap, so that a short input can stand for more than a descriptor may hold.
    if (parsed.encoded_size() > kMaxSize) return STATUS_INVALID_SECURITY_DESCR;
    *descriptor = std::move(parsed);
    return STATUS_SUCCESS;
}

std::size_t SecurityDescriptor::encoded_size() const {
    return sizeof(Header) + (owner ? owner->size() : 0) + (group ? group->size() : 0) + sacl.size() +
           dacl.size();
}

std::vector<std::byte> SecurityDescriptor::encode() const {
    Header header = {kRevision, 0, static_cast<std::uint16_t>(control | control::kSelfRelative), 0, 0, 0, 0};
    std::vector<std::byte> bytes(sizeof(header));
    bytes.reserve(encoded_size());
    // The order in which Windows lays them out.
    const auto append_list = [&](const std::vector<std::byte>& list, std::uint32_t* offset) {
        if (list.empty()) return;
        *offset = static_cast<std::uint32_t>(bytes.size());
        bytes.insert(bytes.end(), list.begin(), list.end());
    };
    const auto append_sid = [&](const std::optional<Sid>& sid, std::uint32_t* offset) {
        if (!sid) return;
        *offset = static_cast<std::uint32_t>(bytes.size());
        sid->append_to(bytes);
    };
    append_list(sacl, &header.sacl);
    append_list(dacl, &header.dacl);
    append_sid(owner, &header.owner);
    append_sid(group, &header.group);
    std::memcpy(bytes.data(), &header, sizeof(header));
    return bytes;
}

}  // namespace ntalpc::security
