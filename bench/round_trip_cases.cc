// SPDX-License-Identifier: LGPL-2.1-or-later
// One client and one server: requests and answers, requests under way side by side, and streams.
#include "bench/cases.h"
#include "bench/conversations.h"
#include "bench/floors.h"

namespace ntalpc::bench {

namespace {

// So long after its last message everybody has fallen asleep, who was going to.
constexpr double kLongPause = 1e5;

struct Place {
    const char* name;
    Placement placement;
};

std::vector<Place> places() {
    const std::vector<int>& cores = usable_cores();
    std::vector<Place> found = {{"same-core", {cores[0], cores[0]}}};
    if (cores.size() > 1) found.push_back({"across-cores", {cores[0], cores[1]}});
    return found;
}

struct Size {
    const char* name;
    std::size_t bytes;
};
constexpr Size kSizes[] = {{"0", 0}, {"64", 64}, {"1k", 1024}, {"4k", 4096}, {"64k", kMostData}};

std::vector<Entrant> with_floors(Entrant measured, std::vector<Entrant> floors) {
    floors.insert(floors.begin(), std::move(measured));
    return floors;
}

// The targets of a round trip of 64 bytes; those against floors of the other world are passed over.
std::vector<Target> round_trip_targets(bool hot, const Placement& placement) {
    std::vector<Target> targets = {{Bound::at_most, 2.6, "seqpacket"}};
    if (!hot) targets.push_back({Bound::at_most, 1.35, "futex"});
    if (hot && !placement.same()) targets.push_back({Bound::at_most, 4, "spin"});
    targets.push_back({Bound::at_least, hot ? 60.0 : 8.0, "named-pipe"});
    return targets;
}

Case round_trip(const Size& size, bool hot, const Place& place) {
    Case made;
    made.name = std::string("round-trip/") + size.name + (hot ? "/hot/" : "/parked/") + place.name;
    made.title = "a request and its answer";
    const std::size_t bytes = size.bytes;
    const Placement placement = place.placement;
    made.run = [bytes, hot, placement](const Settings& settings) {
        const auto entrants = with_floors(alpc_round_trip(bytes), round_trip_floors(bytes, placement, hot));
        return Result{take_turns(entrants, {placement, settings.budget(3e8), hot ? 0 : kLongPause})};
    };
    if (bytes == 64) made.targets = round_trip_targets(hot, placement);
    made.for_quick = bytes == 64 && hot;
    return made;
}

// Each of the two messages of a round trip is copied in and out.
Case bandwidth() {
    Case made;
    made.name = "bandwidth/64k";
    made.title = "the largest messages both ways, and as many copies by memcpy";
    made.run = [](const Settings& settings) {
        return Result{take_turns({alpc_round_trip(kMostData), memcpy_floor(kMostData, 4)},
                                 {places().back().placement, settings.budget(3e8)})};
    };
    made.targets = {{Bound::at_least, 0.5, "memcpy"}};
    return made;
}

Case pipeline(const char* role, const char* how) {
    Case made;
    made.name = std::string("pipeline/64/") + how;
    made.title = std::to_string(kPipelineDepth) + " asynchronous requests side by side; time of one";
    made.run = [role](const Settings& settings) {
        return Result{take_turns(with_floors(alpc_pipeline(64, role), pipeline_floors(64)),
                                 {places().back().placement, settings.budget(3e8)})};
    };
    made.for_quick = true;
    return made;
}

Case list_round_trip() {
    Case made;
    made.name = "round-trip/64/list";
    made.title = "a request to a server that takes its messages from a completion list";
    made.run = [](const Settings& settings) {
        const Placement placement = places().back().placement;
        Entrant ordinary = alpc_round_trip(64);
        ordinary.name = "alpc-receive";
        return Result{
            take_turns({alpc_round_trip(64, "list-echo"), ordinary}, {placement, settings.budget(3e8)})};
    };
    return made;
}

Case stream() {
    Case made;
    made.name = "datagrams/64";
    made.title = "a stream of datagrams; time of one";
    made.run = [](const Settings& settings) {
        return Result{take_turns(with_floors(alpc_datagrams(64), stream_floors(64)),
                                 {places().back().placement, settings.budget(3e8)})};
    };
    made.targets = {{Bound::at_least, 10, "seqpacket"}};
    made.for_quick = true;
    return made;
}

Case connecting() {
    Case made;
    made.name = "connect";
    made.title = "connecting, accepting and closing, against one message and its answer";
    made.run = [](const Settings& settings) {
        const Placement placement = places().back().placement;
        return Result{take_turns(with_floors(alpc_connect(), round_trip_floors(64, placement, false)),
                                 {placement, settings.budget(5e8)})};
    };
    made.targets = {{Bound::at_most, 25, "seqpacket"}};
    made.for_quick = true;
    return made;
}

}  // namespace

void add_round_trip_cases(std::vector<Case>& cases) {
    for (const Size& size : kSizes) {
        for (const bool hot : {true, false}) {
            for (const Place& place : places()) cases.push_back(round_trip(size, hot, place));
        }
    }
    cases.push_back(bandwidth());
    cases.push_back(list_round_trip());
    cases.push_back(pipeline("echo", "receive"));
    cases.push_back(pipeline("list-echo", "list"));
    cases.push_back(stream());
    cases.push_back(connecting());
}

}  // namespace ntalpc::bench
