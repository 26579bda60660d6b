// SPDX-License-Identifier: LGPL-2.1-or-later
// alpctrace stats: how many calls, messages and bytes a trace has, and how long things took.
#include <cstdio>
#include <map>
#include <string>
#include <utility>

#include "alpctrace/commands.h"
#include "alpctrace/statistics.h"
#include "alpctrace/trace_file.h"
#include "events/names.h"

namespace ntalpc {

namespace {

using trace::Type;

struct Group {
    std::uint64_t bytes = 0;
    std::uint64_t failed = 0;
    Durations durations;
    std::uint64_t count = 0;
};

class Statistics {
  public:
    void add(const Event& event) {
        names_.note(event);
        if (event.is(Type::call_ended)) add_call(event);
        if (event.is(Type::message_sent)) add_sent(event);
        if (event.is(Type::message_received)) add_received(event);
    }
    void print() {
        print_table("call", "failed", calls_, [](const Group& group) { return group.failed; });
        print_table("messages, by port and type: send to receive", "bytes", messages_,
                    [](const Group& group) { return group.bytes; });
    }

  private:
    using Key = std::pair<std::string, std::string>;
    using Groups = std::map<Key, Group>;

    void add_call(const Event& event) {
        Group& group = calls_[{event.text("request"), ""}];
        ++group.count;
        if (event.status() < 0) ++group.failed;
        // What a thread waited for others is not what the call cost.
        const std::int64_t took = time_between(event.number("began"), event.time());
        group.durations.add(time_between(event.number("waited"), took));
    }
    Group& group_of(const Event& event) { return messages_[{names_.port_of(event), event.text("type")}]; }
    void add_sent(const Event& event) {
        Group& group = group_of(event);
        ++group.count;
        group.bytes += event.number("size");
        in_flight_[{event.number("message"), event.number("callback")}] = event.time();
    }
    void add_received(const Event& event) {
        const auto found = in_flight_.find({event.number("message"), event.number("callback")});
        if (found == in_flight_.end()) return;
        group_of(event).durations.add(time_between(static_cast<std::uint64_t>(found->second), event.time()));
        in_flight_.erase(found);
    }
    template <class Extra>
    static void print_table(const char* title, const char* column, Groups& groups, Extra extra) {
        std::printf("%-48s %9s %9s %10s %10s %10s %10s\n", title, "count", column, "median", "90 %", "99 %",
                    "most");
        for (auto& [key, group] : groups) {
            const std::string name =
                shown_text(key.second.empty() ? key.first : key.first + ' ' + key.second);
            std::printf("%-48s %9llu %9llu", name.c_str(), static_cast<unsigned long long>(group.count),
                        static_cast<unsigned long long>(extra(group)));
            for (const double part : {0.5, 0.9, 0.99, 1.0})
                std::printf(" %10s", group.durations.count()
                                         ? duration_text(group.durations.percentile(part)).c_str()
                                         : "-");
            std::puts("");
        }
        std::puts("");
    }

    Names names_;
    Groups calls_, messages_;
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::int64_t> in_flight_;
};

}  // namespace

int run_stats(const Words& words) {
    if (words.size() != 1) throw UsageError("stats takes one file");
    const TraceFile file(words[0]);
    Statistics statistics;
    for (const Event& event : file.events()) statistics.add(event);
    statistics.print();
    return 0;
}

}  // namespace ntalpc
