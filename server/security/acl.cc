// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/security/acl.h"

#include <algorithm>
#include <cstring>

namespace ntalpc::security {

namespace {

constexpr std::uint8_t kMinRevision = 2, kMaxRevision = 4;
constexpr std::size_t kAceHeaderSize = 4;
constexpr std::uint32_t kObjectTypePresent = 1, kInheritedObjectTypePresent = 2;

enum class Layout { basic, object, unknown };

Layout layout_of(std::uint8_t type) {
    switch (type) {
        case ace_type::kAllowed:
        case ace_type::kDenied:
        case ace_type::kAudit:
        case ace_type::kAlarm:
        case ace_type::kAllowedCallback:
        case ace_type::kDeniedCallback:
        case ace_type::kAuditCallback:
        case ace_type::kAlarmCallback:
        case ace_type::kMandatoryLabel:
        case ace_type::kResourceAttribute:
        case ace_type::kScopedPolicy:
            return Layout::basic;
        case ace_type::kAllowedObject:
        case ace_type::kDeniedObject:
        case ace_type::kAuditObject:
        case ace_type::kAlarmObject:
        case ace_type::kAllowedCallbackObject:
        case ace_type::kDeniedCallbackObject:
        case ace_type::kAuditCallbackObject:
        case ace_type::kAlarmCallbackObject:
            return Layout::object;
        default:
            return Layout::unknown;
    }
}

template <class T>
bool take(Bytes& from, T* to) {
    if (from.size() < sizeof(T)) return false;
    std::memcpy(to, from.data(), sizeof(T));
    from = from.subspan(sizeof(T));
    return true;
}

bool take_guid(Bytes& from, std::optional<Guid>* guid) {
    return take(from, &guid->emplace());
}

bool take_object_types(Bytes& from, Ace* ace) {
    std::uint32_t present = 0;
    return take(from, &present) &&
           ((present & kObjectTypePresent) == 0 || take_guid(from, &ace->object_type)) &&
           ((present & kInheritedObjectTypePresent) == 0 || take_guid(from, &ace->inherited_object_type));
}

// The size stated by the header of an entry, or 0 when no entry can be there.
std::size_t ace_size(Bytes bytes) {
    std::uint16_t size = 0;
    if (bytes.size() < kAceHeaderSize) return 0;
    std::memcpy(&size, bytes.data() + 2, sizeof(size));
    return size < kAceHeaderSize || size % 4 != 0 || size > bytes.size() ? 0 : size;
}

std::optional<Ace> decode(Bytes bytes) {
    Ace ace;
    ace.type = std::to_integer<std::uint8_t>(bytes[0]);
    ace.flags = std::to_integer<std::uint8_t>(bytes[1]);
    ace.body = bytes.subspan(kAceHeaderSize);
    const Layout layout = layout_of(ace.type);
    if (layout == Layout::unknown) {
        ace.known = false;
        return ace;
    }
    Bytes rest = ace.body;
    if (!take(rest, &ace.mask)) return std::nullopt;
    if (layout == Layout::object && !take_object_types(rest, &ace)) return std::nullopt;
    const auto sid = Sid::parse(rest);
    if (!sid) return std::nullopt;
    ace.sid = *sid;
    ace.tail = rest.subspan(sid->size());
    return ace;
}

void append(std::vector<std::byte>& out, Bytes bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

template <class T>
void append_value(std::vector<std::byte>& out, const T& value) {
    append(out, std::as_bytes(std::span(&value, 1)));
}

std::vector<std::byte> encode_body(const Ace& ace, Layout layout) {
    std::vector<std::byte> body;
    if (layout == Layout::unknown) {
        append(body, ace.body);
        return body;
    }
    append_value(body, ace.mask);
    if (layout == Layout::object) {
        append_value(body, (ace.object_type ? kObjectTypePresent : 0) |
                               (ace.inherited_object_type ? kInheritedObjectTypePresent : 0));
        if (ace.object_type) append(body, *ace.object_type);
        if (ace.inherited_object_type) append(body, *ace.inherited_object_type);
    }
    ace.sid.append_to(body);
    append(body, ace.tail);
    return body;
}

}  // namespace

bool Ace::operator==(const Ace& other) const {
    return type == other.type && flags == other.flags && mask == other.mask && sid == other.sid &&
           object_type == other.object_type && inherited_object_type == other.inherited_object_type &&
           std::equal(tail.begin(), tail.end(), other.tail.begin(), other.tail.end()) &&
           (known || std::equal(body.begin(), body.end(), other.body.begin(), other.body.end()));
}

std::optional<AclView> AclView::parse(Bytes bytes) {
    struct {
        std::uint8_t revision, zero;
        std::uint16_t size, count, zero_too;
    } header;
    static_assert(sizeof(header) == kHeaderSize);
    if (bytes.size() < kHeaderSize) return std::nullopt;
    std::memcpy(&header, bytes.data(), sizeof(header));
    if (header.revision < kMinRevision || header.revision > kMaxRevision) return std::nullopt;
    if (header.size < kHeaderSize || header.size % 4 != 0 || header.size > bytes.size()) return std::nullopt;
    Bytes rest = bytes.subspan(kHeaderSize, header.size - kHeaderSize);
    for (std::size_t i = 0; i < header.count; ++i) {
        const std::size_t size = ace_size(rest);
        if (size == 0 || !decode(rest.first(size))) return std::nullopt;
        rest = rest.subspan(size);
    }
    return AclView(bytes.first(header.size), header.count);
}

Ace AclView::Iterator::operator*() const {
    return *decode(rest_.first(ace_size(rest_)));  // checked by parse()
}

AclView::Iterator& AclView::Iterator::operator++() {
    rest_ = rest_.subspan(ace_size(rest_));
    --left_;
    return *this;
}

void AclWriter::add(const Ace& ace) {
    const Layout layout = layout_of(ace.type);
    const std::vector<std::byte> body = encode_body(ace, layout);
    entries_.push_back(std::byte{ace.type});
    entries_.push_back(std::byte{ace.flags});
    append_value(entries_, static_cast<std::uint16_t>(kAceHeaderSize + body.size()));
    append(entries_, body);
    if (layout == Layout::object) has_object_ace_ = true;
    ++count_;
}

AclWriter& AclWriter::allow(const Sid& sid, std::uint32_t mask, std::uint8_t flags) {
    Ace ace;
    ace.flags = flags;
    ace.mask = mask;
    ace.sid = sid;
    add(ace);
    return *this;
}

AclWriter& AclWriter::deny(const Sid& sid, std::uint32_t mask, std::uint8_t flags) {
    Ace ace;
    ace.type = ace_type::kDenied;
    ace.flags = flags;
    ace.mask = mask;
    ace.sid = sid;
    add(ace);
    return *this;
}

std::optional<std::vector<std::byte>> AclWriter::finish() const {
    const std::size_t size = AclView::kHeaderSize + entries_.size();
    if (size > AclView::kMaxSize) return std::nullopt;
    std::vector<std::byte> list;
    list.reserve(size);
    append_value(list, std::uint16_t{has_object_ace_ ? kMaxRevision : kMinRevision});  // and a zero byte
    append_value(list, static_cast<std::uint16_t>(size));
    append_value(list, static_cast<std::uint16_t>(count_));
    append_value(list, std::uint16_t{0});
    append(list, entries_);
    return list;
}

}  // namespace ntalpc::security
