// SPDX-License-Identifier: LGPL-2.1-or-later
// Security identifiers: MS-DTYP 2.4.2. A value of fixed size, always well formed.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ntalpc::security {

using Bytes = std::span<const std::byte>;

class Sid {
  public:
    static constexpr std::size_t kMaxParts = 15;
    static constexpr std::size_t kMaxSize = 8 + 4 * kMaxParts;

    // S-1-0-0, nobody.
    constexpr Sid() : Sid(0, {0}) {}
    // At most kMaxParts parts.
    constexpr Sid(std::uint64_t authority, std::initializer_list<std::uint32_t> parts)
        : authority_(authority & kMaxAuthority) {
        for (const std::uint32_t part : parts) {
            if (count_ < kMaxParts) parts_[count_++] = part;
        }
    }

    // The SID that `bytes` begins with; size() says where it ends.
    static std::optional<Sid> parse(Bytes bytes);
    // The SID that `bytes` consists of.
    static std::optional<Sid> from_bytes(Bytes bytes);
    // "S-1-5-32-544"; an authority of more than 32 bits is written in hexadecimal (MS-DTYP 2.4.2.1).
    static std::optional<Sid> from_string(std::string_view text);

    constexpr std::uint64_t authority() const { return authority_; }
    std::span<const std::uint32_t> parts() const { return {parts_.data(), count_}; }
    // The relative identifier; 0 when there is no part.
    constexpr std::uint32_t last_part() const { return count_ == 0 ? 0 : parts_[count_ - 1]; }

    std::size_t size() const { return 8 + 4 * std::size_t{count_}; }
    void append_to(std::vector<std::byte>& bytes) const;
    std::vector<std::byte> bytes() const;
    std::string to_string() const;

    friend constexpr auto operator<=>(const Sid&, const Sid&) = default;

  private:
    static constexpr std::uint64_t kMaxAuthority = (std::uint64_t{1} << 48) - 1;

    std::uint64_t authority_ = 0;
    std::uint8_t count_ = 0;
    std::array<std::uint32_t, kMaxParts> parts_ = {};  // zero behind the count
};

// Well-known ones, MS-DTYP 2.4.2.4.
namespace sids {
inline constexpr Sid kNobody(0, {0});
inline constexpr Sid kEveryone(1, {0});
inline constexpr Sid kCreatorOwner(3, {0});
inline constexpr Sid kCreatorGroup(3, {1});
inline constexpr Sid kOwnerServer(3, {2});
inline constexpr Sid kGroupServer(3, {3});
inline constexpr Sid kOwnerRights(3, {4});
inline constexpr Sid kNetwork(5, {2});
inline constexpr Sid kInteractive(5, {4});
inline constexpr Sid kAnonymous(5, {7});
inline constexpr Sid kPrincipalSelf(5, {10});
inline constexpr Sid kAuthenticatedUsers(5, {11});
inline constexpr Sid kRestrictedCode(5, {12});
inline constexpr Sid kSystem(5, {18});
inline constexpr Sid kWriteRestrictedCode(5, {33});
inline constexpr Sid kAdministrators(5, {32, 544});
inline constexpr Sid kUsers(5, {32, 545});
inline constexpr Sid kAllAppPackages(15, {2, 1});
inline constexpr Sid kAllRestrictedAppPackages(15, {2, 2});
}  // namespace sids

// S-1-16-x, mandatory labels.
inline constexpr std::uint64_t kLabelAuthority = 16;
namespace integrity {
inline constexpr std::uint32_t kUntrusted = 0x0000;
inline constexpr std::uint32_t kLow = 0x1000;
inline constexpr std::uint32_t kMedium = 0x2000;
inline constexpr std::uint32_t kHigh = 0x3000;
inline constexpr std::uint32_t kSystem = 0x4000;
}  // namespace integrity

}  // namespace ntalpc::security
