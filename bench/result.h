// SPDX-License-Identifier: LGPL-2.1-or-later
// A case, its result, and what is wanted of it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/contestant.h"

namespace ntalpc::bench {

// A number that is no time of an operation.
struct Figure {
    std::string name;
    double value = 0;
    std::string unit;
};

// One line of the table of targets, as far as this case shows it.
struct Verdict {
    std::string wanted;  // "at most 2.6 x seqpacket"
    double reached = 0;
    bool met = false;
};

struct Result {
    std::vector<Series> series{};  // the first is what is measured, the others are its floors
    std::vector<Figure> figures{};
    std::vector<Verdict> verdicts{};

    const Series* find(const std::string& name) const;
    const Figure* figure(const std::string& name) const;
};

enum class Bound { at_most, at_least };

// Compares a number with its limit: the ratio of the medians of the first series and the one named `against`,
// or the figure named so.
struct Target {
    Bound bound = Bound::at_most;
    double limit = 0;
    std::string against{};
    std::string figure{};
    std::string unit{};
};

struct Settings {
    bool quick = false;
    double budget(double normal) const { return quick ? normal / 100 : normal; }
};

struct Case {
    std::string name;
    std::string title;
    std::function<Result(const Settings&)> run;
    std::vector<Target> targets{};
    bool for_quick = false;  // part of --quick
};

// Runs a case and judges it.
Result run_case(const Case& which, const Settings& settings);

// In the order in which they run. Each file of cases adds its own.
std::vector<Case> all_cases();

}  // namespace ntalpc::bench
