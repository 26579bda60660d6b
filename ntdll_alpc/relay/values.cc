// SPDX-License-Identifier: LGPL-2.1-or-later
#include "relay/values.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "ntalpc/status.h"
#include "server/security/sid.h"

namespace ntalpc::relay {

namespace {

constexpr std::size_t kShownData = 48;
constexpr std::size_t kShownName = 512;  // characters

void append_character(std::string& out, char16_t c) {
    if (c == u'"') {
        out += "\\\"";
    } else if (c < 0x20 || c == 0x7F || (c & 0xF800) == 0xD800) {
        char text[8];
        std::snprintf(text, sizeof(text), "\\x%04x", static_cast<unsigned>(c));
        out += text;
    } else if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
    } else {
        out += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
                static_cast<char>(0x80 | (c & 0x3F))};
    }
}

}  // namespace

Fields& Fields::add(std::string_view name, std::string_view value) {
    if (!text_.empty()) text_ += ", ";
    text_.append(name).append("=").append(value);
    return *this;
}

std::string hex_text(std::uint64_t value) {
    char text[24];
    std::snprintf(text, sizeof(text), "%#llx", static_cast<unsigned long long>(value));
    return text;
}

std::string named_text(std::uint32_t value, NameSet set) {
    const auto names = names_of(set);
    if (names.empty()) return std::to_string(value);
    const bool enumeration = names.front().value == 0;  // which no flag is
    std::string text;
    for (const NamedValue& named : names) {
        if (enumeration && named.value == value) return named.name;
        if (enumeration || (value & named.value) == 0) continue;
        text.append(text.empty() ? "" : "|").append(named.name);
        value &= ~named.value;
    }
    if (enumeration) return std::to_string(value);
    if (value != 0) text.append(text.empty() ? "" : "|").append(hex_text(value));
    return text.empty() ? "0" : text;
}

std::string message_type_text(std::uint16_t type) {
    std::string text;
    for (const NamedValue& named : names_of(NameSet::LPC)) {
        const bool is_flag = named.value > 0xFF;
        if (is_flag ? (type & named.value) == 0 : (type & 0xFFu) != named.value) continue;
        text.append(text.empty() ? "" : "|").append(named.name);
    }
    return text.empty() ? std::to_string(type) : text;
}

std::string status_text(std::int32_t status) {
    if (const char* const name = status_name(status)) return name;
    return hex_text(static_cast<std::uint32_t>(status));
}

std::string timeout_text(std::uint64_t address) {
    if (address == 0) return "NULL";
    std::int64_t units;
    if (!read(address, &units)) return kUnreadable;
    if (units > 0) return "at " + std::to_string(units);
    char text[32];
    std::snprintf(text, sizeof(text), "%g ms", -static_cast<double>(units) / 10'000);
    return units == 0 ? "0 ms" : text;
}

std::string string_text(std::uint64_t unicode_string) {
    if (unicode_string == 0) return "NULL";
    UNICODE_STRING header;
    if (!read(unicode_string, &header)) return kUnreadable;
    std::array<char16_t, kShownName> characters;
    const std::size_t length = header.Length / sizeof(char16_t);
    const std::size_t shown = std::min(length, characters.size());
    if (!host::copy_from_program(characters.data(), header.Buffer, shown * sizeof(char16_t)))
        return kUnreadable;
    std::string text = "\"";
    for (std::size_t i = 0; i < shown; ++i) append_character(text, characters[i]);
    return text + (shown < length ? "\"..." : "\"");
}

std::string data_text(std::uint64_t address, std::size_t size) {
    std::array<unsigned char, kShownData> bytes;
    const std::size_t shown = std::min(size, bytes.size());
    if (!host::copy_from_program(bytes.data(), reinterpret_cast<const void*>(address), shown))
        return kUnreadable;
    std::string text = "\"";
    for (std::size_t i = 0; i < shown; ++i)
        text += bytes[i] >= 0x20 && bytes[i] < 0x7F && bytes[i] != '"' ? static_cast<char>(bytes[i]) : '.';
    return text + (shown < size ? "\"..." : "\"");
}

std::string sid_text(std::uint64_t address) {
    if (address == 0) return "NULL";
    std::array<std::byte, security::Sid::kMaxSize> bytes;
    std::size_t size = 8;
    if (!host::copy_from_program(bytes.data(), reinterpret_cast<const void*>(address), size))
        return kUnreadable;
    size = std::min(bytes.size(), 8 + 4 * static_cast<std::size_t>(bytes[1]));
    if (!host::copy_from_program(bytes.data(), reinterpret_cast<const void*>(address), size))
        return kUnreadable;
    const auto sid = security::Sid::from_bytes(std::span(bytes).first(size));
    return sid ? sid->to_string() : "<no SID>";
}

}  // namespace ntalpc::relay
