// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/security/security_information.h"

#include "ntalpc/status.h"
#include "server/security/new_descriptor.h"

namespace ntalpc::security {

namespace {

constexpr std::uint16_t kDaclBits =
    control::kDaclPresent | control::kDaclDefaulted | control::kDaclAutoInherited | control::kDaclProtected;
constexpr std::uint16_t kSaclBits =
    control::kSaclPresent | control::kSaclDefaulted | control::kSaclAutoInherited | control::kSaclProtected;

// The labels of a list, or the rest of it.
std::vector<std::byte> filter(const std::optional<AclView>& list, bool labels) {
    if (!list) return {};
    AclWriter kept;
    for (const Ace& ace : *list) {
        if ((ace.type == ace_type::kMandatoryLabel) == labels) kept.add(ace);
    }
    if (kept.count() == 0) return {};
    return *kept.finish();  // no longer than the list it comes from
}

// One list of the entries of two; nothing when it would be too long.
std::optional<std::vector<std::byte>> join(const std::vector<std::byte>& first,
                                           const std::vector<std::byte>& second) {
    AclWriter joined;
    for (const auto* part : {&first, &second}) {
        const auto list = AclView::parse(*part);
        if (!list) continue;
        for (const Ace& ace : *list) joined.add(ace);
    }
    return joined.finish();
}

// MS-DTYP 2.4.7: a label and the audits share a list but are changed apart, unless both are named.
std::int32_t set_sacl(SecurityDescriptor* descriptor, const SecurityDescriptor& changes,
                      std::uint32_t information, const Token& token) {
    const auto given = changes.sacl_view();
    if (given) {
        if (const auto status = check_sacl(token, *given)) return status;
    }
    const bool labels = (information & information::kLabel) != 0,
               audits = (information & information::kSacl) != 0;
    const auto joined = join(filter(labels ? given : descriptor->sacl_view(), true),
                             filter(audits ? given : descriptor->sacl_view(), false));
    if (!joined) return STATUS_INVALID_ACL;
    descriptor->set_sacl(*joined);
    if (audits) {
        descriptor->control &= ~(kSaclBits & ~control::kSaclPresent);
        descriptor->control |= changes.control & (kSaclBits & ~control::kSaclPresent);
    }
    return STATUS_SUCCESS;
}

void set_dacl(SecurityDescriptor* descriptor, const SecurityDescriptor& changes,
              const GenericMapping& mapping) {
    const auto list = changes.dacl_view();
    descriptor->dacl = list ? map_list(*list, mapping) : std::vector<std::byte>();
    descriptor->control = (descriptor->control & ~kDaclBits) | (changes.control & kDaclBits);
}

void set_protection(SecurityDescriptor* descriptor, std::uint32_t information) {
    if (information & information::kProtectedDacl) descriptor->control |= control::kDaclProtected;
    if (information & information::kUnprotectedDacl) descriptor->control &= ~control::kDaclProtected;
    if (information & information::kProtectedSacl) descriptor->control |= control::kSaclProtected;
    if (information & information::kUnprotectedSacl) descriptor->control &= ~control::kSaclProtected;
}

}  // namespace

std::uint32_t access_to_query(std::uint32_t information) {
    using namespace information;
    std::uint32_t needed = 0;
    if (information & (kOwner | kGroup | kDacl | kLabel)) needed |= access::kReadControl;
    if (information & kSacl) needed |= access::kSystemSecurity;
    return needed;
}

std::uint32_t access_to_set(std::uint32_t information) {
    using namespace information;
    std::uint32_t needed = 0;
    if (information & (kOwner | kGroup | kLabel)) needed |= access::kWriteOwner;
    if (information & (kDacl | kProtectedDacl | kUnprotectedDacl)) needed |= access::kWriteDac;
    if (information & (kSacl | kProtectedSacl | kUnprotectedSacl)) needed |= access::kSystemSecurity;
    return needed;
}

SecurityDescriptor query_descriptor(const SecurityDescriptor& descriptor, std::uint32_t information) {
    SecurityDescriptor part;
    if (information & information::kOwner) {
        part.owner = descriptor.owner;
        part.control |= descriptor.control & control::kOwnerDefaulted;
    }
    if (information & information::kGroup) {
        part.group = descriptor.group;
        part.control |= descriptor.control & control::kGroupDefaulted;
    }
    if (information & information::kDacl) {
        part.dacl = descriptor.dacl;
        part.control |= descriptor.control & kDaclBits;
    }
    const bool labels = (information & information::kLabel) != 0,
               audits = (information & information::kSacl) != 0;
    if (labels || audits) {
        part.control |= descriptor.control & kSaclBits;
        part.sacl = labels && audits ? descriptor.sacl : filter(descriptor.sacl_view(), labels);
        if (part.sacl.empty()) part.control &= ~control::kSaclPresent;
    }
    return part;
}

std::int32_t set_descriptor(SecurityDescriptor* descriptor, const SecurityDescriptor& changes,
                            std::uint32_t information, const Token& token, const GenericMapping& mapping) {
    SecurityDescriptor result = *descriptor;
    if (information & information::kOwner) {
        if (!changes.owner || !may_own(token, *changes.owner)) return STATUS_INVALID_OWNER;
        result.owner = changes.owner;
        result.control &= ~control::kOwnerDefaulted;
    }
    if (information & information::kGroup) {
        if (!changes.group) return STATUS_INVALID_PRIMARY_GROUP;
        result.group = changes.group;
        result.control &= ~control::kGroupDefaulted;
    }
    if (information & information::kDacl) set_dacl(&result, changes, mapping);
    if (information & (information::kSacl | information::kLabel)) {
        if (const auto status = set_sacl(&result, changes, information, token)) return status;
    }
    set_protection(&result, information);
    *descriptor = std::move(result);
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::security
