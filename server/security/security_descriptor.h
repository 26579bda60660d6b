// SPDX-License-Identifier: LGPL-2.1-or-later
// Security descriptors: MS-DTYP 2.4.6. As a value whose parts are well formed, and in the self-relative form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "server/security/acl.h"
#include "server/security/sid.h"

namespace ntalpc::security {

// SE_* bits of the control word.
namespace control {
inline constexpr std::uint16_t kOwnerDefaulted = 0x0001;
inline constexpr std::uint16_t kGroupDefaulted = 0x0002;
inline constexpr std::uint16_t kDaclPresent = 0x0004;
inline constexpr std::uint16_t kDaclDefaulted = 0x0008;
inline constexpr std::uint16_t kSaclPresent = 0x0010;
inline constexpr std::uint16_t kSaclDefaulted = 0x0020;
inline constexpr std::uint16_t kDaclAutoInherited = 0x0400;
inline constexpr std::uint16_t kSaclAutoInherited = 0x0800;
inline constexpr std::uint16_t kDaclProtected = 0x1000;
inline constexpr std::uint16_t kSaclProtected = 0x2000;
inline constexpr std::uint16_t kSelfRelative = 0x8000;
}  // namespace control

class SecurityDescriptor {
  public:
    static constexpr std::uint8_t kRevision = 1;
    static constexpr std::size_t kHeaderSize = 20;
    // More than the quota that Windows grants a descriptor by default, and small enough to travel with a
    // name.
    static constexpr std::size_t kMaxSize = 64 * 1024;

    std::uint16_t control = 0;  // without kSelfRelative
    std::optional<Sid> owner, group;
    // Lists in their binary form. An empty vector is no list: a NULL one if the control word says "present".
    std::vector<std::byte> dacl, sacl;

    // STATUS_UNKNOWN_REVISION, STATUS_INVALID_SID, STATUS_INVALID_ACL or STATUS_INVALID_SECURITY_DESCR say
    // what is wrong. The bytes must be self-relative.
    static std::int32_t parse(Bytes bytes, SecurityDescriptor* descriptor);
    std::vector<std::byte> encode() const;
    std::size_t encoded_size() const;

    bool has(std::uint16_t bits) const { return (control & bits) == bits; }
    // The lists as they count: nothing when everybody may do everything, or nobody is watched.
    std::optional<AclView> dacl_view() const { return view(dacl, control::kDaclPresent); }
    std::optional<AclView> sacl_view() const { return view(sacl, control::kSaclPresent); }
    void set_dacl(std::vector<std::byte> list) {
        dacl = std::move(list);
        control |= control::kDaclPresent;
    }
    void set_sacl(std::vector<std::byte> list) {
        sacl = std::move(list);
        control |= control::kSaclPresent;
    }

    bool operator==(const SecurityDescriptor&) const = default;

  private:
    std::optional<AclView> view(const std::vector<std::byte>& list, std::uint16_t present) const {
        return has(present) && !list.empty() ? AclView::parse(list) : std::nullopt;
    }
};

}  // namespace ntalpc::security
