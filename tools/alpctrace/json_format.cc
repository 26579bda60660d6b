// SPDX-License-Identifier: LGPL-2.1-or-later
#include "alpctrace/json_format.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace ntalpc {

namespace {

using nlohmann::ordered_json;
using trace::Display;
using trace::Type;

std::string hex_bytes(wire::Bytes data) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const std::byte byte : data) {
        out += digits[static_cast<unsigned>(byte) >> 4];
        out += digits[static_cast<unsigned>(byte) & 15];
    }
    return out;
}

ordered_json value_of(const EventField& field) {
    switch (field.info->display) {
        case Display::decimal:
        case Display::time:
        case Display::duration:
        case Display::id:
        case Display::hex:
            return field.number;
        case Display::bytes:
            return hex_bytes(field.data);
        default:
            return text_of(field);
    }
}

ordered_json object_of(const Event& event, const Names& names) {
    ordered_json object = {{"time", event.time()}, {"event", event.name()}};
    for (const EventField& field : event.fields()) object[field.info->name] = value_of(field);
    if (event.has("process")) object["program"] = names.image(event.number("process"));
    if (const std::string port = names.port_of(event); !port.empty()) object["port_name"] = port;
    return object;
}

// Names come from programs and may be anything but UTF-8.
std::string dump(const ordered_json& json) {
    return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

double microseconds(std::int64_t nanoseconds) {
    return static_cast<double>(nanoseconds) / 1e3;
}

// The steps of a message that travel have its id, callback id and type in common with their receipt.
std::string flow_id(const Event& event) {
    return event.text("message") + '/' + event.text("callback") + '/' + event.text("type");
}

class Timeline {
  public:
    explicit Timeline(const Names& names) : names_(names) {}

    void add(const Event& event) {
        if (event.is(Type::call_ended)) {
            const auto began = static_cast<std::int64_t>(event.number("began"));
            add_slice(event, event.text("request"), began, time_between(event.number("began"), event.time()));
        } else if (event.is(Type::message_sent) || event.is(Type::message_received)) {
            add_message(event);
        } else if (event.has("process")) {
            add_instant(event);
        }
    }
    ordered_json finish() {
        for (const auto& [process, threads] : tracks_) {
            add_name("process_name", process, 0, names_.process(process));
            for (const std::uint64_t thread : threads)
                add_name("thread_name", process, thread, "thread " + hex_of(thread));
        }
        return {{"displayTimeUnit", "ns"}, {"traceEvents", std::move(events_)}};
    }

  private:
    ordered_json base(const Event& event, const char* phase, const std::string& name, std::int64_t time) {
        const std::uint64_t process = event.number("process"), thread = event.number("thread");
        tracks_[process].insert(thread);
        return {{"name", name},   {"cat", "alpc"}, {"ph", phase}, {"ts", microseconds(time)},
                {"pid", process}, {"tid", thread}};
    }
    void add_slice(const Event& event, const std::string& name, std::int64_t began, std::int64_t took) {
        ordered_json slice = base(event, "X", name, began);
        slice["dur"] = microseconds(took);
        slice["args"] = object_of(event, names_);
        events_.push_back(std::move(slice));
    }
    // An arrow joins slices, so each end is one.
    void add_message(const Event& event) {
        const bool sent = event.is(Type::message_sent);
        add_slice(event, (sent ? "send " : "receive ") + event.text("type"), event.time(), 500);
        ordered_json flow = base(event, sent ? "s" : "f", "message", event.time());
        flow["id"] = flow_id(event);
        if (!sent) flow["bp"] = "e";
        events_.push_back(std::move(flow));
    }
    void add_instant(const Event& event) {
        ordered_json instant = base(event, "i", event.name(), event.time());
        instant["s"] = "t";
        instant["args"] = object_of(event, names_);
        events_.push_back(std::move(instant));
    }
    void add_name(const char* kind, std::uint64_t process, std::uint64_t thread, const std::string& name) {
        events_.push_back(
            {{"name", kind}, {"ph", "M"}, {"pid", process}, {"tid", thread}, {"args", {{"name", name}}}});
    }

    const Names& names_;
    ordered_json events_ = ordered_json::array();
    std::map<std::uint64_t, std::set<std::uint64_t>> tracks_;
};

}  // namespace

std::string json_line(const Event& event, const Names& names) {
    return dump(object_of(event, names));
}

std::string perfetto_json(const std::vector<const Event*>& events, const Names& names) {
    Timeline timeline(names);
    for (const Event* const event : events) timeline.add(*event);
    return dump(timeline.finish());
}

std::string page_data_json(const trace::FileHeader& header, const std::vector<const Event*>& events,
                           const Names& names) {
    ordered_json list = ordered_json::array();
    for (const Event* const event : events) {
        ordered_json object = object_of(*event, names);
        if (event->has("process")) object["who"] = names.process(event->number("process"));
        list.push_back(std::move(object));
    }
    return dump({{"start_clock", header.start_clock},
                 {"start_real_time", header.start_real_time},
                 {"events", std::move(list)}});
}

}  // namespace ntalpc
