// SPDX-License-Identifier: LGPL-2.1-or-later
// Access control lists: MS-DTYP 2.4.4 and 2.4.5. A list stays in its binary form, which is checked once; an
// entry is decoded when it is looked at.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <vector>

#include "server/security/sid.h"

namespace ntalpc::security {

namespace ace_type {
inline constexpr std::uint8_t kAllowed = 0x00;
inline constexpr std::uint8_t kDenied = 0x01;
inline constexpr std::uint8_t kAudit = 0x02;
inline constexpr std::uint8_t kAlarm = 0x03;
inline constexpr std::uint8_t kAllowedObject = 0x05;
inline constexpr std::uint8_t kDeniedObject = 0x06;
inline constexpr std::uint8_t kAuditObject = 0x07;
inline constexpr std::uint8_t kAlarmObject = 0x08;
inline constexpr std::uint8_t kAllowedCallback = 0x09;
inline constexpr std::uint8_t kDeniedCallback = 0x0A;
inline constexpr std::uint8_t kAllowedCallbackObject = 0x0B;
inline constexpr std::uint8_t kDeniedCallbackObject = 0x0C;
inline constexpr std::uint8_t kAuditCallback = 0x0D;
inline constexpr std::uint8_t kAlarmCallback = 0x0E;
inline constexpr std::uint8_t kAuditCallbackObject = 0x0F;
inline constexpr std::uint8_t kAlarmCallbackObject = 0x10;
inline constexpr std::uint8_t kMandatoryLabel = 0x11;
inline constexpr std::uint8_t kResourceAttribute = 0x12;
inline constexpr std::uint8_t kScopedPolicy = 0x13;
}  // namespace ace_type

namespace ace_flag {
inline constexpr std::uint8_t kObjectInherit = 0x01;
inline constexpr std::uint8_t kContainerInherit = 0x02;
inline constexpr std::uint8_t kNoPropagate = 0x04;
inline constexpr std::uint8_t kInheritOnly = 0x08;
inline constexpr std::uint8_t kInherited = 0x10;
}  // namespace ace_flag

// Bits of the mask of a mandatory label.
namespace label {
inline constexpr std::uint32_t kNoWriteUp = 0x1;
inline constexpr std::uint32_t kNoReadUp = 0x2;
inline constexpr std::uint32_t kNoExecuteUp = 0x4;
}  // namespace label

using Guid = std::array<std::byte, 16>;

struct Ace {
    std::uint8_t type = ace_type::kAllowed;
    std::uint8_t flags = 0;
    bool known = true;  // otherwise all that is known is `body`
    std::uint32_t mask = 0;
    std::optional<Guid> object_type, inherited_object_type;  // only types with "object" in their name
    Sid sid;
    Bytes tail;  // what follows the SID: the condition of a callback entry
    Bytes body;  // everything behind type, flags and size

    bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
    bool operator==(const Ace& other) const;
};

class AclView {
  public:
    static constexpr std::size_t kHeaderSize = 8;
    static constexpr std::size_t kMaxSize = 0xFFFC;

    // The list that `bytes` begins with: revision 2 to 4, and every entry of it well formed.
    static std::optional<AclView> parse(Bytes bytes);

    std::uint8_t revision() const { return std::to_integer<std::uint8_t>(bytes_[0]); }
    std::size_t count() const { return count_; }
    Bytes bytes() const { return bytes_; }

    class Iterator {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Ace;
        using difference_type = std::ptrdiff_t;
        using pointer = const Ace*;
        using reference = Ace;

        explicit Iterator(Bytes rest, std::size_t left) : rest_(rest), left_(left) {}
        Ace operator*() const;
        Iterator& operator++();
        bool operator==(const Iterator& other) const { return left_ == other.left_; }

      private:
        Bytes rest_;
        std::size_t left_;
    };
    Iterator begin() const { return Iterator(bytes_.subspan(kHeaderSize), count_); }
    Iterator end() const { return Iterator({}, 0); }

  private:
    AclView(Bytes bytes, std::size_t count) : bytes_(bytes), count_(count) {}
    Bytes bytes_;
    std::size_t count_;
};

// Makes a list. The revision is 4 when an entry needs it, otherwise 2.
class AclWriter {
  public:
    void add(const Ace& ace);
    AclWriter& allow(const Sid& sid, std::uint32_t mask, std::uint8_t flags = 0);
    AclWriter& deny(const Sid& sid, std::uint32_t mask, std::uint8_t flags = 0);
    std::size_t count() const { return count_; }
    // Nothing when the list would be longer than a list can be.
    std::optional<std::vector<std::byte>> finish() const;

  private:
    std::vector<std::byte> entries_;
    std::size_t count_ = 0;
    bool has_object_ace_ = false;
};

}  // namespace ntalpc::security
