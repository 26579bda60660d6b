// SPDX-License-Identifier: LGPL-2.1-or-later
// alpctrace diff: what was said in two traces, conversation by conversation. Ids and times differ from run to
// run and are not compared; order is compared within a connection only.
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "alpctrace/commands.h"
#include "alpctrace/trace_file.h"
#include "events/names.h"
#include "ntalpc/ntlpcapi.h"

namespace ntalpc {

namespace {

using trace::Type;

// What happened on a connection, one line an event, without anything that another run would number otherwise.
struct Conversation {
    std::string port;
    std::vector<std::string> lines;
};

// The data of these is a time.
bool says_time(const Event& event) {
    const std::uint64_t type = event.number("type") & 0xFF;
    return type == LPC_PORT_CLOSED || type == LPC_CLIENT_DIED;
}

std::string line_of(const Event& event) {
    if (event.is(Type::message_sent)) {
        std::string line =
            event.text("side") + " sends " + event.text("type") + ", " + event.text("size") + " bytes";
        if (const auto data = event.data("data"); !data.empty() && !says_time(event))
            line += " \"" + printable_text(data) + '"';
        return line;
    }
    if (event.is(Type::message_received))
        return "received " + event.text("type") + ", " + event.text("size") + " bytes";
    if (event.is(Type::connection_ended)) return "ended by its " + event.text("side");
    if (event.is(Type::message_canceled)) return "a message canceled by its " + event.text("side");
    return event.name();
}

std::vector<Conversation> conversations_of(const TraceFile& file) {
    Names names;
    std::map<std::uint64_t, std::size_t> places;
    std::vector<Conversation> all;
    for (const Event& event : file.events()) {
        names.note(event);
        const std::uint64_t connection = event.number("connection");
        if (connection == 0 || event.is(Type::port_created)) continue;
        const auto [place, is_new] = places.emplace(connection, all.size());
        if (is_new) all.push_back({names.connection(connection), {}});
        all[place->second].lines.push_back(line_of(event));
    }
    // Which of two clients came first is chance; the first, second, third connection to a port is what
    // counts.
    std::ranges::stable_sort(all, {}, &Conversation::port);
    return all;
}

// 1 for a difference, after it has been told.
int compare(const Conversation& a, const Conversation& b, const std::string& title) {
    const std::size_t common = std::min(a.lines.size(), b.lines.size());
    for (std::size_t i = 0; i < std::max(a.lines.size(), b.lines.size()); ++i) {
        if (i < common && a.lines[i] == b.lines[i]) continue;
        std::printf("%s, event %zu:\n  - %s\n  + %s\n", title.c_str(), i + 1,
                    i < a.lines.size() ? a.lines[i].c_str() : "(nothing)",
                    i < b.lines.size() ? b.lines[i].c_str() : "(nothing)");
        return 1;
    }
    return 0;
}

}  // namespace

int run_diff(const Words& words) {
    if (words.size() != 2) throw UsageError("diff takes two files");
    const TraceFile first(words[0]), second(words[1]);
    const auto a = conversations_of(first), b = conversations_of(second);
    int differs = 0;
    std::map<std::string, int> numbers;
    for (auto at = a.begin(), bt = b.begin(); at != a.end() || bt != b.end();) {
        const bool only_a = bt == b.end() || (at != a.end() && at->port < bt->port);
        const bool only_b = !only_a && (at == a.end() || bt->port < at->port);
        const std::string& port = only_b ? bt->port : at->port;
        const std::string title = shown_text(port) + ", connection " + std::to_string(++numbers[port]);
        if (only_a || only_b) {
            std::printf("%s: only in %s\n", title.c_str(), words[only_a ? 0 : 1].c_str());
            differs = 1;
        } else {
            differs |= compare(*at, *bt, title);
        }
        if (!only_b) ++at;
        if (!only_a) ++bt;
    }
    return differs;
}

}  // namespace ntalpc
