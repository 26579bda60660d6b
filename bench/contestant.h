// SPDX-License-Identifier: LGPL-2.1-or-later
// What is measured: something that can be done again and again. The thing itself and its floors are
// contestants of one case, and take turns.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/platform.h"
#include "bench/statistics.h"

namespace ntalpc::bench {

class Contestant {
  public:
    virtual ~Contestant() = default;
    // Around its turns: what keeps a core busy does so only in between.
    virtual void begin_turn() {}
    virtual void end_turn() {}
    virtual void round() = 0;
    // How many operations a round is.
    virtual int operations() const { return 1; }
};

// Which cores the two ends of a conversation are on.
struct Placement {
    int client = kAnyCore;
    int server = kAnyCore;
    bool same() const { return client != kAnyCore && client == server; }
};

struct Entrant {
    std::string name;
    std::function<std::unique_ptr<Contestant>(const Placement&)> make;
};

struct Series {
    std::string name;
    Summary time;
};

struct Measuring {
    Placement placement;
    double budget = 3e8;  // nanoseconds for each entrant
    double pause = 0;     // before each round, so that whoever waits has fallen asleep
};

// Every entrant in turn, for a short time, until the budget is used up: noise meets all of them.
std::vector<Series> take_turns(const std::vector<Entrant>& entrants, const Measuring& measuring);

}  // namespace ntalpc::bench
