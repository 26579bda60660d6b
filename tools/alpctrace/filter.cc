// SPDX-License-Identifier: LGPL-2.1-or-later
#include "alpctrace/filter.h"

#include <algorithm>
#include <charconv>

#include "alpctrace/trace_file.h"

namespace ntalpc {

const char kFilterHelp[] =
    "  --process=NAME|ID    events of processes whose program's name contains NAME, or with this hexadecimal "
    "id\n"
    "  --port=TEXT          events about ports whose name contains TEXT\n"
    "  --message=ID         events about one message, by its hexadecimal id\n"
    "  --status=STATUS      calls that ended so: STATUS_PORT_DISCONNECTED, or 0xC0000037\n"
    "  --min-duration=TIME  calls that took at least so long: 500us, 20ms, 1.5s\n"
    "  --text=TEXT          messages whose recorded data contains TEXT\n";

namespace {

template <class Number>
Number number_of(std::string_view option, std::string_view text, int base) {
    std::string_view digits = text;
    if (base == 16 && (digits.starts_with("0x") || digits.starts_with("0X"))) digits.remove_prefix(2);
    Number value{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (error != std::errc() || end != digits.data() + digits.size())
        throw TraceError(std::string(option) + " takes a number, not '" + std::string(text) + "'");
    return value;
}

std::int64_t duration_of(std::string_view text) {
    struct Unit {
        std::string_view name;
        double factor;
    };
    static constexpr Unit units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    for (const Unit& unit : units) {
        if (!text.ends_with(unit.name)) continue;
        const std::string_view digits = text.substr(0, text.size() - unit.name.size());
        double value = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error == std::errc() && end == digits.data() + digits.size() && value >= 0)
            return static_cast<std::int64_t>(value * unit.factor);
    }
    throw TraceError("--min-duration takes a time such as 500us, 20ms or 1.5s, not '" + std::string(text) +
                     "'");
}

bool contains(std::string_view text, std::string_view part) {
    const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
    return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end() ||
           part.empty();
}

bool contains_bytes(wire::Bytes data, std::string_view text) {
    const auto part = std::as_bytes(std::span(text));
    return std::search(data.begin(), data.end(), part.begin(), part.end()) != data.end();
}

bool status_matches(const Event& event, std::string_view wanted) {
    if (!event.has("status")) return false;
    if (status_text(event.status()) == wanted) return true;
    if (!wanted.starts_with("0x") && !wanted.starts_with("0X")) return false;
    return number_of<std::uint32_t>("--status", wanted, 16) == static_cast<std::uint32_t>(event.status());
}

}  // namespace

bool Filter::take_option(std::string_view word) {
    const auto value_of = [&](std::string_view name) -> std::optional<std::string_view> {
        if (!word.starts_with(name) || !word.substr(name.size()).starts_with('=')) return std::nullopt;
        return word.substr(name.size() + 1);
    };
    if (const auto value = value_of("--process")) return process = *value, true;
    if (const auto value = value_of("--port")) return port = *value, true;
    if (const auto value = value_of("--message"))
        return message = number_of<std::uint64_t>("--message", *value, 16), true;
    if (const auto value = value_of("--status")) return status = *value, true;
    if (const auto value = value_of("--min-duration")) return at_least = duration_of(*value), true;
    if (const auto value = value_of("--text")) return payload = *value, true;
    return false;
}

bool Filter::passes(const Event& event, const Names& names) const {
    if (!process.empty()) {
        if (!event.has("process")) return false;
        const std::uint64_t id = event.number("process");
        if (!contains(names.image(id), process) && hex_of(id) != process) return false;
    }
    if (!port.empty() && !contains(names.port_of(event), port)) return false;
    if (message && (!event.has("message") || event.number("message") != *message)) return false;
    if (!status.empty() && !status_matches(event, status)) return false;
    if (at_least && (!event.is(trace::Type::call_ended) ||
                     time_between(event.number("began"), event.time()) < *at_least))
        return false;
    return payload.empty() || contains_bytes(event.data("data"), payload);
}

}  // namespace ntalpc
