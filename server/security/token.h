// SPDX-License-Identifier: LGPL-2.1-or-later
// What the server knows of an access token: plain data, with a form for the wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "server/security/sid.h"

namespace ntalpc::security {

// Attributes of groups and restricted SIDs: MS-DTYP and winnt.h, SE_GROUP_*.
namespace group {
inline constexpr std::uint32_t kMandatory = 0x01;
inline constexpr std::uint32_t kEnabledByDefault = 0x02;
inline constexpr std::uint32_t kEnabled = 0x04;
inline constexpr std::uint32_t kOwner = 0x08;
inline constexpr std::uint32_t kUseForDenyOnly = 0x10;
inline constexpr std::uint32_t kIntegrity = 0x20;
inline constexpr std::uint32_t kIntegrityEnabled = 0x40;
inline constexpr std::uint32_t kLogonId = 0xC0000000;
inline constexpr std::uint32_t kResource = 0x20000000;
}  // namespace group

// SE_PRIVILEGE_*.
namespace privilege {
inline constexpr std::uint32_t kEnabledByDefault = 0x1;
inline constexpr std::uint32_t kEnabled = 0x2;
inline constexpr std::uint32_t kRemoved = 0x4;
inline constexpr std::uint32_t kUsedForAccess = 0x80000000;

// The LUIDs of the privileges that mean something here: MS-LSAD 3.1.1.2.1.
inline constexpr std::uint64_t kAssignPrimaryToken = 3;
inline constexpr std::uint64_t kTcb = 7;
inline constexpr std::uint64_t kSecurity = 8;
inline constexpr std::uint64_t kTakeOwnership = 9;
inline constexpr std::uint64_t kCreatePermanent = 16;
inline constexpr std::uint64_t kBackup = 17;
inline constexpr std::uint64_t kRestore = 18;
inline constexpr std::uint64_t kDebug = 20;
inline constexpr std::uint64_t kChangeNotify = 23;  // and passing through directories
inline constexpr std::uint64_t kImpersonate = 29;
inline constexpr std::uint64_t kRelabel = 32;
}  // namespace privilege

// TOKEN_MANDATORY_POLICY_*.
namespace mandatory_policy {
inline constexpr std::uint32_t kNoWriteUp = 0x1;
inline constexpr std::uint32_t kNewProcessMin = 0x2;
}  // namespace mandatory_policy

struct SidAndAttributes {
    Sid sid;
    std::uint32_t attributes = 0;
    bool operator==(const SidAndAttributes&) const = default;
};

struct Privilege {
    std::uint64_t luid = 0;
    std::uint32_t attributes = 0;
    bool operator==(const Privilege&) const = default;
};

// As in the NT headers.
enum class TokenType : std::uint32_t { primary = 1, impersonation = 2 };
enum class ImpersonationLevel : std::uint32_t {
    anonymous = 0,
    identification = 1,
    impersonation = 2,
    delegation = 3,
};

struct Token {
    Sid user;
    std::uint32_t user_attributes = 0;  // only group::kUseForDenyOnly means something
    std::vector<SidAndAttributes> groups;
    Sid primary_group;
    Sid default_owner;
    std::vector<std::byte> default_dacl;  // an ACL; empty when the token has none
    std::vector<Privilege> privileges;
    std::vector<SidAndAttributes> restricted_sids;
    bool write_restricted = false;                 // restricted_sids limit writing only
    std::uint32_t integrity = integrity::kMedium;  // the RID of the mandatory label
    std::uint32_t policy = mandatory_policy::kNoWriteUp | mandatory_policy::kNewProcessMin;
    std::optional<Sid> app_container;
    std::vector<SidAndAttributes> capabilities;
    std::uint64_t authentication_id = 0;
    std::uint64_t token_id = 0;
    std::uint64_t modified_id = 0;
    TokenType type = TokenType::primary;
    ImpersonationLevel level = ImpersonationLevel::anonymous;  // of an impersonation token

    bool operator==(const Token&) const = default;

    bool restricted() const { return !restricted_sids.empty(); }
    bool has_privilege(std::uint64_t luid) const;  // and it is enabled
    // Whether the SID is the user or an enabled group, not for denials only.
    bool has_enabled(const Sid& sid) const;
};

// The form for the wire. decode() refuses what goes beyond these limits.
inline constexpr std::size_t kMaxEncodedToken = 96 * 1024;
inline constexpr std::size_t kMaxTokenSids = 1024;  // of each kind; as many as Windows allows groups
inline constexpr std::size_t kMaxTokenPrivileges = 64;
inline constexpr std::size_t kMaxDefaultDacl = 0xFFFF;

std::vector<std::byte> encode(const Token& token);
// Nothing when the bytes are not exactly one token within the limits above.
std::optional<Token> decode(Bytes bytes);

}  // namespace ntalpc::security
