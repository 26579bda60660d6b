// SPDX-License-Identifier: LGPL-2.1-or-later
// One event of a trace, with its fields by name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "generated/trace_events.h"
#include "ntalpc/trace_file.h"

namespace ntalpc {

// A number or, for blobs, data.
struct EventField {
    const trace::FieldInfo* info;
    std::uint64_t number = 0;
    wire::Bytes data;
};

class Event {
  public:
    // Decodes a record. The fields are empty for a type that this program does not know, and for a body whose
    // sizes do not add up. The data of blobs stays in `body`.
    Event(const trace::RecordHeader& header, wire::Bytes body);

    std::int64_t time() const { return time_; }
    bool known() const { return info_ != nullptr; }
    bool is(trace::Type type) const { return known() && type_ == static_cast<std::uint16_t>(type); }
    std::uint16_t type() const { return type_; }
    const char* name() const { return info_ ? info_->name : "unknown"; }
    const std::vector<EventField>& fields() const { return fields_; }
    bool has(std::string_view field) const { return find(field) != nullptr; }
    // 0, or nothing, when the event has no such field.
    std::uint64_t number(std::string_view field) const;
    wire::Bytes data(std::string_view field) const;
    std::string text(std::string_view field) const;
    std::int32_t status() const { return static_cast<std::int32_t>(number("status")); }

  private:
    const EventField* find(std::string_view field) const;

    std::uint16_t type_;
    std::int64_t time_;
    const trace::EventInfo* info_;
    std::vector<EventField> fields_;
};

// How fields are shown.
std::string text_of(const EventField& field);
std::string utf8_of(wire::Bytes utf16);
std::string hex_of(std::uint64_t number);
std::string status_text(std::int32_t status);
std::string message_type_text(std::uint64_t type);
// 1.234 ms and the like.
std::string duration_text(std::int64_t nanoseconds);
// Printable characters as they are, the others as dots.
std::string printable_text(wire::Bytes data);
// A name for a terminal, to which control characters would be orders: they become dots.
std::string shown_text(std::string text);
// What passed between two times, which in a damaged trace may be any.
constexpr std::int64_t time_between(std::uint64_t from, std::int64_t to) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(to) - from);
}

}  // namespace ntalpc
