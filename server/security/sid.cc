// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/security/sid.h"

#include <charconv>
#include <cstdio>
#include <cstring>

namespace ntalpc::security {

namespace {

constexpr std::uint8_t kRevision = 1;
constexpr std::size_t kHeaderSize = 8;  // revision, count, authority in network order

// Reads the number that `text` begins with, up to the next '-', and removes both.
template <class Number>
bool take_number(std::string_view& text, Number* number) {
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        base = 16;
        text.remove_prefix(2);
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number, base);
    if (error != std::errc()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) return true;
    if (text.front() != '-' || text.size() == 1) return false;
    text.remove_prefix(1);
    return true;
}

}  // namespace

std::optional<Sid> Sid::parse(Bytes bytes) {
    if (bytes.size() < kHeaderSize || bytes[0] != std::byte{kRevision}) return std::nullopt;
    const auto count = std::to_integer<std::size_t>(bytes[1]);
    if (count > kMaxParts || bytes.size() < kHeaderSize + 4 * count) return std::nullopt;
    Sid sid(0, {});
    for (std::size_t i = 2; i < kHeaderSize; ++i)
        sid.authority_ = sid.authority_ << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    sid.count_ = static_cast<std::uint8_t>(count);
    if (count != 0) std::memcpy(sid.parts_.data(), bytes.data() + kHeaderSize, 4 * count);
    return sid;
}

std::optional<Sid> Sid::from_bytes(Bytes bytes) {
    auto sid = parse(bytes);
    if (sid && sid->size() != bytes.size()) return std::nullopt;
    return sid;
}

std::optional<Sid> Sid::from_string(std::string_view text) {
    if (!text.starts_with("S-1-") && !text.starts_with("s-1-")) return std::nullopt;
    text.remove_prefix(4);
    Sid sid(0, {});
    if (!take_number(text, &sid.authority_) || sid.authority_ > kMaxAuthority) return std::nullopt;
    while (!text.empty()) {
        if (sid.count_ == kMaxParts || !take_number(text, &sid.parts_[sid.count_])) return std::nullopt;
        ++sid.count_;
    }
    return sid;
}

void Sid::append_to(std::vector<std::byte>& bytes) const {
    bytes.push_back(std::byte{kRevision});
    bytes.push_back(std::byte{count_});
    for (int shift = 40; shift >= 0; shift -= 8)
        bytes.push_back(static_cast<std::byte>(authority_ >> shift & 0xFF));
    const auto parts = std::as_bytes(this->parts());
    bytes.insert(bytes.end(), parts.begin(), parts.end());
}

std::vector<std::byte> Sid::bytes() const {
    std::vector<std::byte> bytes;
    bytes.reserve(size());
    append_to(bytes);
    return bytes;
}

std::string Sid::to_string() const {
    constexpr std::uint64_t kMaxDecimalAuthority = 0xFFFFFFFF;
    std::string text = "S-1-";
    if (authority_ > kMaxDecimalAuthority) {
        char hexadecimal[24];
        std::snprintf(hexadecimal, sizeof(hexadecimal), "0x%012llX",
                      static_cast<unsigned long long>(authority_));
        text += hexadecimal;
    } else {
        text += std::to_string(authority_);
    }
    for (const std::uint32_t part : parts()) text += '-' + std::to_string(part);
    return text;
}

}  // namespace ntalpc::security
