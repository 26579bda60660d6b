// SPDX-License-Identifier: LGPL-2.1-or-later
#include "events/event.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "generated/protocol.h"
#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"

namespace ntalpc {

Event::Event(const trace::RecordHeader& header, wire::Bytes body)
    : type_(header.type), time_(header.time), info_(trace::event_info(header.type)) {
    if (!info_ || body.size() < info_->fixed_size) {
        info_ = nullptr;
        return;
    }
    wire::Bytes rest = body.subspan(info_->fixed_size);
    for (const trace::FieldInfo& field : info_->fields) {
        EventField decoded{.info = &field, .number = 0, .data = {}};
        std::memcpy(&decoded.number, body.data() + field.offset, field.size);
        if (field.blob) {
            decoded.data = rest.first(std::min<std::size_t>(decoded.number, rest.size()));
            rest = rest.subspan(decoded.data.size());
        }
        fields_.push_back(decoded);
    }
}

const EventField* Event::find(std::string_view name) const {
    const auto found = std::ranges::find_if(fields_, [&](auto& field) { return name == field.info->name; });
    return found == fields_.end() ? nullptr : &*found;
}

std::uint64_t Event::number(std::string_view field) const {
    const EventField* const found = find(field);
    return found ? found->number : 0;
}

wire::Bytes Event::data(std::string_view field) const {
    const EventField* const found = find(field);
    return found ? found->data : wire::Bytes();
}

std::string Event::text(std::string_view field) const {
    const EventField* const found = find(field);
    return found ? text_of(*found) : std::string();
}

namespace {

void append_utf8(std::string& out, char32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
        return;
    }
    const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    constexpr int leads[] = {0, 0xC0, 0xE0, 0xF0};
    out += static_cast<char>(leads[more] | static_cast<int>(c >> (6 * more)));
    for (int shift = 6 * (more - 1); shift >= 0; shift -= 6)
        out += static_cast<char>(0x80 | (c >> shift & 0x3F));
}

const char* side_text(std::uint64_t side) {
    return side == 0 ? "client" : "server";
}

const char* port_kind_text(std::uint64_t kind) {
    static constexpr const char* kinds[] = {"connection port", "client port", "server port"};
    return kind < std::size(kinds) ? kinds[kind] : "unknown";
}

const char* connection_state_text(std::uint64_t state) {
    static constexpr const char* states[] = {"pending", "accepting", "accepted", "refused", "ended"};
    return state < std::size(states) ? states[state] : "unknown";
}

}  // namespace

std::string utf8_of(wire::Bytes utf16) {
    std::string out;
    for (std::size_t at = 0; at + 2 <= utf16.size(); at += 2) {
        char16_t unit, low = 0;
        std::memcpy(&unit, utf16.data() + at, sizeof(unit));
        if (at + 4 <= utf16.size()) std::memcpy(&low, utf16.data() + at + 2, sizeof(low));
        if ((unit & 0xFC00) == 0xD800 && (low & 0xFC00) == 0xDC00) {
            append_utf8(out, 0x10000 + ((char32_t{unit} - 0xD800) << 10) + (char32_t{low} - 0xDC00));
            at += 2;
        } else {
            append_utf8(out, (unit & 0xF800) == 0xD800 ? U'\xFFFD' : char32_t{unit});
        }
    }
    return out;
}

std::string hex_of(std::uint64_t number) {
    char text[20];
    std::snprintf(text, sizeof(text), "%04llx", static_cast<unsigned long long>(number));
    return text;
}

std::string status_text(std::int32_t status) {
    if (const char* const name = status_name(status)) return name;
    char text[16];
    std::snprintf(text, sizeof(text), "0x%08x", static_cast<unsigned>(status));
    return text;
}

std::string message_type_text(std::uint64_t type) {
    switch (type & 0xFF) {
        case LPC_REQUEST:
            return "request";
        case LPC_REPLY:
            return "reply";
        case LPC_DATAGRAM:
            return "datagram";
        case LPC_LOST_REPLY:
            return "lost reply";
        case LPC_PORT_CLOSED:
            return "port closed";
        case LPC_CLIENT_DIED:
            return "client died";
        case LPC_EXCEPTION:
            return "exception";
        case LPC_DEBUG_EVENT:
            return "debug event";
        case LPC_ERROR_EVENT:
            return "error event";
        case LPC_CONNECTION_REQUEST:
            return "connection request";
        case LPC_INTERNAL_CONNECTION_REPLY:
            return "connection reply";
        case LPC_CANCEL_MESSAGE:
            return "cancel notice";
        default:
            return "type " + std::to_string(type & 0xFF);
    }
}

std::string duration_text(std::int64_t nanoseconds) {
    char text[32];
    const auto value = static_cast<double>(nanoseconds);
    if (nanoseconds < 10'000) {
        std::snprintf(text, sizeof(text), "%.2f us", value / 1e3);
    } else if (nanoseconds < 1'000'000) {
        std::snprintf(text, sizeof(text), "%.1f us", value / 1e3);
    } else if (nanoseconds < 1'000'000'000) {
        std::snprintf(text, sizeof(text), "%.2f ms", value / 1e6);
    } else {
        std::snprintf(text, sizeof(text), "%.3f s", value / 1e9);
    }
    return text;
}

std::string printable_text(wire::Bytes data) {
    std::string out;
    for (const std::byte byte : data) {
        const auto c = static_cast<unsigned char>(byte);
        out += c >= 0x20 && c < 0x7F ? static_cast<char>(c) : '.';
    }
    return out;
}

std::string shown_text(std::string text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 || c == 0x7F) text[i] = '.';
        // U+0080 to U+009F in UTF-8.
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
        if (c == 0xC2 && next >= 0x80 && next < 0xA0) text.replace(i, 2, ".");
    }
    return text;
}

std::string text_of(const EventField& field) {
    using trace::Display;
    switch (field.info->display) {
        case Display::decimal:
        case Display::time:
            return std::to_string(field.number);
        case Display::hex:
        case Display::id:
            return hex_of(field.number);
        case Display::duration:
            return duration_text(static_cast<std::int64_t>(field.number));
        case Display::status:
            return status_text(static_cast<std::int32_t>(field.number));
        case Display::type:
            return message_type_text(field.number);
        case Display::request:
            return wire::code_name(static_cast<std::uint16_t>(field.number));
        case Display::side:
            return side_text(field.number);
        case Display::port_kind:
            return port_kind_text(field.number);
        case Display::connection_state:
            return connection_state_text(field.number);
        case Display::utf8:
            return {reinterpret_cast<const char*>(field.data.data()), field.data.size()};
        case Display::utf16:
            return utf8_of(field.data);
        case Display::bytes:
            return printable_text(field.data);
    }
    return {};
}

}  // namespace ntalpc
