// SPDX-License-Identifier: LGPL-2.1-or-later
#include "alpctrace/text_format.h"

#include <cstdio>
#include <ctime>
#include <map>

namespace ntalpc {

namespace {

using trace::Type;

constexpr std::size_t kPayloadShown = 48;

constexpr const char kRed[] = "31", kGreen[] = "32", kYellow[] = "33", kBlue[] = "34", kGrey[] = "90";

// What an event says beyond who and when.
using Teller = std::string (*)(const Event&, const Names&);

std::string message_text(const Event& event) {
    return event.text("type") + " #" + event.text("message") + ", " + event.text("size") + " bytes";
}

std::string payload_text(const Event& event) {
    const wire::Bytes data = event.data("data");
    if (data.empty()) return {};
    std::string shown = printable_text(data.first(std::min(data.size(), kPayloadShown)));
    return " \"" + shown +
           (data.size() > kPayloadShown || data.size() < event.number("size") ? "\"..." : "\"");
}

std::string tell_sent(const Event& event, const Names& names) {
    return "sent " + message_text(event) + " to the " + (event.number("side") == 0 ? "server" : "client") +
           " at " + names.port_of(event) + payload_text(event);
}

std::string tell_received(const Event& event, const Names& names) {
    return "received " + message_text(event) + " of " + names.port_of(event);
}

std::string tell_wait(const Event& event, const Names& names) {
    if (event.number("message") != 0) return "waits for the answer to #" + event.text("message");
    if (event.number("port") != 0) return "waits for a message at " + names.port_of(event);
    return "waits in " + event.text("request");
}

std::string tell_call(const Event& event, const Names&) {
    const std::int64_t took = time_between(event.number("began"), event.time());
    std::string out = event.text("request") + " = " + event.text("status") + " after " + duration_text(took);
    if (event.number("waited") != 0) out += ", blocked for " + event.text("waited");
    return out;
}

std::string tell_created(const Event& event, const Names& names) {
    return "created " + event.text("kind") + " of " + names.port(event.number("port"));
}

const std::map<Type, Teller>& tellers() {
    static const std::map<Type, Teller> all = {
        {Type::process_started,
         [](const Event& e, const Names&) { return "started, Unix process " + e.text("unix_process"); }},
        {Type::process_ended, [](const Event&, const Names&) { return std::string("ended"); }},
        {Type::port_created, tell_created},
        {Type::port_closed,
         [](const Event& e, const Names& n) { return "port closed: " + n.port(e.number("port")); }},
        {Type::connect_requested,
         [](const Event& e, const Names& n) { return "asks to connect to " + n.port_of(e); }},
        {Type::connect_failed,
         [](const Event& e, const Names&) {
             return "cannot connect to " + e.text("name") + ": " + e.text("status");
         }},
        {Type::connection_accepted,
         [](const Event& e, const Names& n) { return "accepted a connection to " + n.port_of(e); }},
        {Type::connection_refused,
         [](const Event& e, const Names& n) { return "refused a connection to " + n.port_of(e); }},
        {Type::connection_ended,
         [](const Event& e, const Names& n) {
             return "connection to " + n.port_of(e) + " ended by its " + e.text("side");
         }},
        {Type::message_sent, tell_sent},
        {Type::message_received, tell_received},
        {Type::message_canceled,
         [](const Event& e, const Names& n) {
             return "message #" + e.text("message") + " of " + n.port_of(e) + " canceled by its " +
                    e.text("side");
         }},
        {Type::wait_began, tell_wait},
        {Type::call_ended, tell_call},
        {Type::client_dropped,
         [](const Event& e, const Names&) { return "dropped: it sent " + e.text("reason"); }},
        {Type::quota_hit,
         [](const Event& e, const Names&) {
             return "hit its quota in " + e.text("request") + ": " + e.text("status");
         }},
        {Type::events_lost,
         [](const Event& e, const Names&) { return e.text("count") + " events were lost here"; }},
    };
    return all;
}

}  // namespace

std::string TextFormat::clock(std::int64_t time) const {
    const auto since = static_cast<std::uint64_t>(time_between(header_.start_clock, time));
    const auto real = static_cast<std::int64_t>(header_.start_real_time + since);
    const std::time_t seconds = real / 1'000'000'000;
    std::tm local{};
    localtime_r(&seconds, &local);
    char text[32];
    const std::size_t length = std::strftime(text, sizeof(text), "%H:%M:%S", &local);
    std::snprintf(text + length, sizeof(text) - length, ".%06d",
                  static_cast<int>(real % 1'000'000'000 / 1000));
    return text;
}

std::string TextFormat::painted(const char* colour, const std::string& text) const {
    return colour_ && colour ? std::string("\x1b[") + colour + 'm' + text + "\x1b[0m" : text;
}

const char* TextFormat::colour_of(const Event& event) const {
    if (event.has("status") && event.status() < 0) return kRed;
    switch (static_cast<Type>(event.type())) {
        case Type::connect_failed:
        case Type::connection_refused:
        case Type::client_dropped:
        case Type::quota_hit:
        case Type::events_lost:
            return kRed;
        case Type::message_canceled:
        case Type::connection_ended:
            return kYellow;
        case Type::message_sent:
            return kGreen;
        case Type::message_received:
            return kBlue;
        case Type::wait_began:
        case Type::call_ended:
            return kGrey;
        default:
            return nullptr;
    }
}

std::string TextFormat::line(const Event& event, const Names& names) const {
    std::string who;
    if (event.has("process")) who = names.process(event.number("process"));
    if (event.number("thread") != 0) who += ':' + event.text("thread");
    if (!who.empty()) who += ' ';
    const auto found = event.known() ? tellers().find(static_cast<Type>(event.type())) : tellers().end();
    const std::string what = found != tellers().end() ? found->second(event, names)
                                                      : "an event of type " + std::to_string(event.type()) +
                                                            ", unknown to this alpctrace";
    return clock(event.time()) + ' ' + shown_text(who) + painted(colour_of(event), shown_text(what));
}

}  // namespace ntalpc
