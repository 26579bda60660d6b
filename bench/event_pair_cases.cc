// SPDX-License-Identifier: LGPL-2.1-or-later
// The round trip by event pair.
#include "bench/cases.h"
#include "bench/floors.h"
#include "bench/ports.h"
#include "bench/role.h"
#include "ntalpc/name.h"

namespace ntalpc::bench {

namespace {

HANDLE open_pair(const std::string& name) {
    Name path(name);
    OBJECT_ATTRIBUTES attributes = path.attributes(nullptr, OBJ_OPENIF);
    HANDLE pair = nullptr;
    const NTSTATUS status = NtCreateEventPair(&pair, STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE, &attributes);
    if (status != static_cast<NTSTATUS>(STATUS_OBJECT_NAME_EXISTS)) check(status, "NtCreateEventPair");
    return pair;
}

void play_event_pair(const RoleArguments& arguments) {
    const HANDLE pair = open_pair(arguments.at(0));
    end_with_parent();
    tell_parent("ready");
    check(NtWaitHighEventPair(pair), "NtWaitHighEventPair");
    for (;;) check(NtSetLowWaitHighEventPair(pair), "NtSetLowWaitHighEventPair");
}

const Role event_pair_role("event-pair", play_event_pair);

class EventPair final : public Contestant {
  public:
    explicit EventPair(const Placement& placement)
        : name_("\\BaseNamedObjects\\ntalpc-bench-" + std::to_string(process_id())),
          child_("event-pair", {name_}, placement.server),
          pair_(open_pair(name_)) {
        child_.read_line();
    }
    ~EventPair() override { NtClose(pair_); }
    void round() override { check(NtSetHighWaitLowEventPair(pair_), "NtSetHighWaitLowEventPair"); }

  private:
    const std::string name_;
    Child child_;
    const HANDLE pair_;
};

Case case_of(const char* place, const Placement& placement) {
    Case made;
    made.name = std::string("event-pair/") + place;
    made.title = "a round trip by event pair";
    made.run = [placement](const Settings& settings) {
        std::vector<Entrant> entrants = futex_floor();
        entrants.insert(entrants.begin(),
                        {"event-pair", [](const Placement& p) { return std::make_unique<EventPair>(p); }});
        return Result{take_turns(entrants, {placement, settings.budget(3e8)})};
    };
    made.for_quick = true;
    return made;
}

}  // namespace

void add_event_pair_cases(std::vector<Case>& cases) {
    const std::vector<int>& cores = usable_cores();
    cases.push_back(case_of("same-core", {cores[0], cores[0]}));
    if (cores.size() > 1) cases.push_back(case_of("across-cores", {cores[0], cores[1]}));
}

}  // namespace ntalpc::bench
