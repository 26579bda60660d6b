// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench/result.h"

#include <algorithm>
#include <cstdio>

namespace ntalpc::bench {

namespace {

template <class Items>
auto find_by_name(const Items& items, const std::string& name) -> decltype(&items.front()) {
    const auto found = std::ranges::find(items, name, [](const auto& item) { return item.name; });
    return found == items.end() ? nullptr : &*found;
}

std::string short_number(double value) {
    char text[32];
    std::snprintf(text, sizeof(text), "%g", value);
    return text;
}

// Empty when the case did not measure what the target is about, as without a floor that only one world has.
std::optional<double> reached(const Target& target, const Result& result) {
    if (!target.figure.empty()) {
        const Figure* const figure = result.figure(target.figure);
        return figure ? std::optional(figure->value) : std::nullopt;
    }
    const Series* const floor = result.find(target.against);
    if (!floor || result.series.empty() || floor->time.median <= 0) return std::nullopt;
    const double measured = result.series.front().time.median;
    return target.bound == Bound::at_most ? measured / floor->time.median : floor->time.median / measured;
}

std::string words_of(const Target& target) {
    const std::string bound = target.bound == Bound::at_most ? "<= " : ">= ";
    const std::string limit = bound + short_number(target.limit);
    if (!target.figure.empty())
        return target.figure + " " + limit + (target.unit.empty() ? "" : " " + target.unit);
    return (target.bound == Bound::at_most ? "" : "speed ") + limit + " x " + target.against;
}

}  // namespace

const Series* Result::find(const std::string& name) const {
    return find_by_name(series, name);
}

const Figure* Result::figure(const std::string& name) const {
    return find_by_name(figures, name);
}

Result run_case(const Case& which, const Settings& settings) {
    Result result = which.run(settings);
    for (const Target& target : which.targets) {
        const std::optional<double> value = reached(target, result);
        if (!value) continue;
        const bool met = target.bound == Bound::at_most ? *value <= target.limit : *value >= target.limit;
        result.verdicts.push_back({words_of(target), *value, met});
    }
    return result;
}

}  // namespace ntalpc::bench
