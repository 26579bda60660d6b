// SPDX-License-Identifier: LGPL-2.1-or-later
// alpctrace: records what goes through an alpcserver, and shows it.
#include <cstdio>
#include <exception>

#include "alpctrace/commands.h"
#include "alpctrace/filter.h"
#include "ntalpc/full_disk.h"

#ifndef NTALPC_VERSION
#error "the build defines NTALPC_VERSION"
#endif

namespace {

using ntalpc::Words;

constexpr int kFailure = 1;
constexpr int kUsageError = 2;

struct Command {
    const char* name;
    const char* arguments;
    const char* summary;
    int (*run)(const Words&);
};

constexpr Command kCommands[] = {
    {"record", "[-o FILE] [--payload[=BYTES]] [--] PROGRAM...",
     "run a program and record everything meanwhile", ntalpc::run_record},
    {"attach", "[-o FILE] [--payload[=BYTES]]", "record the running server until Ctrl-C", ntalpc::run_attach},
    {"follow", "[--payload] [FILTER...]", "show events of the running server as they happen",
     ntalpc::run_follow},
    {"show", "FILE [--format=FORMAT] [FILTER...]", "FORMAT: text, json, perfetto or html", ntalpc::run_show},
    {"stats", "FILE", "count calls, messages and bytes, with percentiles", ntalpc::run_stats},
    {"diff", "FILE FILE", "compare what was said in two traces", ntalpc::run_diff},
    {"replay", "FILE --client|--server [--port=TEXT] [--limit=SECONDS]",
     "play one side of a trace with payload against the other side as it is now, and compare",
     ntalpc::run_replay},
};

void print_help() {
    std::puts("Usage: alpctrace COMMAND [arguments]\n\nCommands:");
    for (const Command& command : kCommands)
        std::printf("  %-6s %s\n         %s\n", command.name, command.arguments, command.summary);
    std::printf("\nFilters:\n%s", ntalpc::kFilterHelp);
    std::puts(
        "\n"
        "  -h, --help           show this help\n"
        "  -v, --version        show the version\n"
        "\nThe server is that of the Wine prefix ($WINEPREFIX, else ~/.wine). FILE is trace.alpc unless -o "
        "names it.\n"
        "Exit status: 0; record: the program's; diff, replay: 1 for a difference; 1 for a failure, 2 for a "
        "wrong\n"
        "command line.");
}

int run(const Words& words) {
    if (words.empty()) throw ntalpc::UsageError("a command is missing");
    if (words[0] == "-h" || words[0] == "--help") return print_help(), 0;
    if (words[0] == "-v" || words[0] == "--version")
        return std::puts("alpctrace (ntalpc) " NTALPC_VERSION) < 0;
    for (const Command& command : kCommands) {
        if (words[0] == command.name) return command.run({words.begin() + 1, words.end()});
    }
    throw ntalpc::UsageError("there is no command '" + words[0] + "'");
}

}  // namespace

int main(int argc, char** argv) {
    const Words words(argv + (argc > 0), argv + argc);
    ntalpc::fail_writes_beyond_limit();
    try {
        return ntalpc::finish_output("alpctrace", run(words));
    } catch (const ntalpc::UsageError& error) {
        std::fprintf(stderr, "alpctrace: %s; see alpctrace --help\n", error.what());
        return kUsageError;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "alpctrace: %s\n", error.what());
        return kFailure;
    }
}
