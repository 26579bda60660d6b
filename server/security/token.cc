// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/security/token.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace ntalpc::security {

bool Token::has_privilege(std::uint64_t luid) const {
    return std::any_of(privileges.begin(), privileges.end(), [&](const Privilege& held) {
        return held.luid == luid && (held.attributes & privilege::kEnabled) != 0;
    });
}

bool Token::has_enabled(const Sid& sid) const {
    if (sid == user && (user_attributes & group::kUseForDenyOnly) == 0) return true;
    return std::any_of(groups.begin(), groups.end(), [&](const SidAndAttributes& entry) {
        return entry.sid == sid && (entry.attributes & group::kEnabled) != 0 &&
               (entry.attributes & group::kUseForDenyOnly) == 0;
    });
}

namespace {

// Both directions walk the members of a token in the same order: see transfer().
class Writer {
  public:
    template <class Number>
    requires std::is_arithmetic_v<Number> || std::is_enum_v<Number>
    bool pass(Number& number) {
        const auto* const first = reinterpret_cast<const std::byte*>(&number);
        bytes_.insert(bytes_.end(), first, first + sizeof(number));
        return true;
    }
    bool pass(Sid& sid) {
        sid.append_to(bytes_);
        return true;
    }
    template <class Element>
    bool count(std::vector<Element>& elements, std::size_t) {
        auto size = static_cast<std::uint32_t>(elements.size());
        return pass(size);
    }
    std::vector<std::byte> take() { return std::move(bytes_); }

  private:
    std::vector<std::byte> bytes_;
};

class Reader {
  public:
    explicit Reader(Bytes bytes) : rest_(bytes) {}

    template <class Number>
    requires std::is_arithmetic_v<Number> || std::is_enum_v<Number>
    bool pass(Number& number) {
        if (rest_.size() < sizeof(number)) return false;
        std::memcpy(&number, rest_.data(), sizeof(number));
        rest_ = rest_.subspan(sizeof(number));
        return true;
    }
    bool pass(Sid& sid) {
        const auto parsed = Sid::parse(rest_);
        if (!parsed) return false;
        sid = *parsed;
        rest_ = rest_.subspan(sid.size());
        return true;
    }
    template <class Element>
    bool count(std::vector<Element>& elements, std::size_t limit) {
        std::uint32_t size = 0;
        // An element takes a byte at least, so what is reserved here is bounded by what was sent.
        if (!pass(size) || size > limit || size > rest_.size()) return false;
        elements.resize(size);
        return true;
    }
    bool at_end() const { return rest_.empty(); }

  private:
    Bytes rest_;
};

template <class Stream>
bool transfer(Stream& stream, SidAndAttributes& entry) {
    return stream.pass(entry.sid) && stream.pass(entry.attributes);
}

template <class Stream>
bool transfer(Stream& stream, Privilege& held) {
    return stream.pass(held.luid) && stream.pass(held.attributes);
}

template <class Stream>
bool transfer(Stream& stream, std::byte& byte) {
    return stream.pass(byte);
}

template <class Stream, class Element>
bool transfer(Stream& stream, std::vector<Element>& elements, std::size_t limit) {
    return stream.count(elements, limit) &&
           std::all_of(elements.begin(), elements.end(),
                       [&](Element& element) { return transfer(stream, element); });
}

// A flag travels as a number, because not every byte is a bool.
template <class Stream>
bool transfer_flag(Stream& stream, bool& flag) {
    std::uint32_t number = flag ? 1 : 0;
    if (!stream.pass(number) || number > 1) return false;
    flag = number == 1;
    return true;
}

template <class Stream>
bool transfer_optional(Stream& stream, std::optional<Sid>& sid) {
    bool present = sid.has_value();
    if (!transfer_flag(stream, present)) return false;
    if (present && !sid) sid.emplace();
    return !present || stream.pass(*sid);
}

template <class Stream>
bool transfer(Stream& stream, Token& token) {
    return stream.pass(token.user) && stream.pass(token.user_attributes) &&
           transfer(stream, token.groups, kMaxTokenSids) && stream.pass(token.primary_group) &&
           stream.pass(token.default_owner) && transfer(stream, token.default_dacl, kMaxDefaultDacl) &&
           transfer(stream, token.privileges, kMaxTokenPrivileges) &&
           transfer(stream, token.restricted_sids, kMaxTokenSids) &&
           transfer_flag(stream, token.write_restricted) && stream.pass(token.integrity) &&
           stream.pass(token.policy) && transfer_optional(stream, token.app_container) &&
           transfer(stream, token.capabilities, kMaxTokenSids) && stream.pass(token.authentication_id) &&
           stream.pass(token.token_id) && stream.pass(token.modified_id) && stream.pass(token.type) &&
           stream.pass(token.level);
}

}  // namespace

std::vector<std::byte> encode(const Token& token) {
    Writer writer;
    Token copy = token;  // transfer() is the same for both directions and a writer changes nothing
    transfer(writer, copy);
    return writer.take();
}

std::optional<Token> decode(Bytes bytes) {
    if (bytes.size() > kMaxEncodedToken) return std::nullopt;
    Reader reader(bytes);
    Token token;
    if (!transfer(reader, token) || !reader.at_end()) return std::nullopt;
    if (token.type != TokenType::primary && token.type != TokenType::impersonation) return std::nullopt;
    if (token.level > ImpersonationLevel::delegation) return std::nullopt;
    return token;
}

}  // namespace ntalpc::security
