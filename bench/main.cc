// SPDX-License-Identifier: LGPL-2.1-or-later
// alpcbench: how fast the calls are, and how fast the system below them could be at best.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/cases.h"
#include "bench/output.h"
#include "bench/ports.h"
#include "bench/role.h"

namespace ntalpc::bench {

namespace {

constexpr int kUsageError = 2;

constexpr const char* kUsage =
    "Usage: alpcbench [OPTION]...\n"
    "Measures the calls of ntalpc, each case together with its floors, which take turns with it.\n"
    "\n"
    "  --list           show the cases and end\n"
    "  --only GLOB      only the cases whose names fit, as in --only 'round-trip/64/*'; may be repeated\n"
    "  --quick          a few cases for a moment: shows that they work, the times mean nothing\n"
    "  --json FILE      also write the results to FILE, for bench/report\n"
    "  --help           show this\n"
    "\n"
    "The ratios say something, and only if the machine has nothing else to do; the times depend on it.\n"
    "NTALPC_PATH chooses the way that messages take: mediated, direct or auto.\n"
    "The exit status is 0 when everything was measured, whether targets were met or not.\n";

struct Options {
    bool list = false;
    bool help = false;
    Settings settings{};
    std::vector<std::string> only{};
    std::string json{};
};

bool fits(const char* pattern, const char* name) {
    if (*pattern == '*') return fits(pattern + 1, name) || (*name && fits(pattern, name + 1));
    if (!*pattern) return !*name;
    return *name && (*pattern == '?' || *pattern == *name) && fits(pattern + 1, name + 1);
}

bool chosen(const Case& which, const Options& options) {
    if (options.settings.quick && !which.for_quick && options.only.empty()) return false;
    if (options.only.empty()) return true;
    for (const std::string& pattern : options.only) {
        if (fits(pattern.c_str(), which.name.c_str())) return true;
    }
    return false;
}

[[noreturn]] void reject(const std::string& sentence) {
    std::fprintf(stderr, "alpcbench: %s; see alpcbench --help\n", sentence.c_str());
    std::exit(kUsageError);
}

Options parse(const std::vector<std::string>& words) {
    Options options;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto value = [&] {
            if (i + 1 == words.size()) reject(words[i] + " needs a value");
            return words[++i];
        };
        if (words[i] == "--list") {
            options.list = true;
        } else if (words[i] == "--help") {
            options.help = true;
        } else if (words[i] == "--quick") {
            options.settings.quick = true;
        } else if (words[i] == "--only") {
            options.only.push_back(value());
        } else if (words[i] == "--json") {
            options.json = value();
        } else {
            reject("there is no option '" + words[i] + "'");
        }
    }
    return options;
}

int run(const Options& options) {
    if (options.help) return std::fputs(kUsage, stdout) < 0;
    std::vector<Case> cases;
    for (Case& one : all_cases()) {
        if (chosen(one, options)) cases.push_back(std::move(one));
    }
    if (cases.empty()) reject("no case has such a name; --list shows all");
    if (options.list) {
        for (const Case& one : cases) std::printf("%-40s %s\n", one.name.c_str(), one.title.c_str());
        return 0;
    }
    // Starts alpcserver before anybody is tied to a core, which it would inherit.
    NtClose(create_port(new_port_name()));
    print_heading();
    std::vector<CaseResult> results;
    for (const Case& one : cases) {
        results.emplace_back(one, run_case(one, options.settings));
        print_result(one, results.back().second);
    }
    print_sum(results);
    if (!options.json.empty()) write_json(options.json, results, options.settings);
    return 0;
}

}  // namespace

void fail(const std::string& sentence) {
    std::fprintf(stderr, "alpcbench: %s\n", sentence.c_str());
    std::fflush(stderr);
    end_process(1);
    std::abort();
}

std::vector<Case> all_cases() {
    std::vector<Case> cases;
    add_round_trip_cases(cases);
    add_view_cases(cases);
    add_event_pair_cases(cases);
    add_crowd_cases(cases);
    add_tracing_cases(cases);
    add_startup_cases(cases);
    return cases;
}

}  // namespace ntalpc::bench

int main(int argc, char** argv) {
    using namespace ntalpc::bench;
    const std::vector<std::string> words(argv + (argc > 0), argv + argc);
    if (words.size() >= 3 && words[0] == "--role")
        play_role(words[1], std::atoi(words[2].c_str()), {words.begin() + 3, words.end()});
    return run(parse(words));
}
