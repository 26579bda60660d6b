// SPDX-License-Identifier: LGPL-2.1-or-later
// alpcctl: looks at a running alpcserver. Each command is a row of a table and a file of its own.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "alpcctl/access_command.h"
#include "alpcctl/inspect_commands.h"
#include "alpcctl/status_command.h"
#include "alpcctl/top_command.h"
#include "alpcctl/usage.h"
#include "client/server_client.h"
#include "ntalpc/full_disk.h"
#include "ntalpc/server_location.h"

#ifndef NTALPC_VERSION
#error "the build defines NTALPC_VERSION"
#endif

namespace {

constexpr int kFailure = 1;
constexpr int kUsageError = 2;

struct Command {
    const char* name;
    const char* arguments;
    const char* summary;
    int (*run)(const std::string& directory, const std::vector<std::string>& arguments);
};

constexpr Command kCommands[] = {
    {"status", "[--json]", "count the objects that the server holds", ntalpc::run_status_command},
    {"ports", "[--json]", "ports, their owners and queues", ntalpc::run_ports_command},
    {"connections", "[--json]", "who is connected to what", ntalpc::run_connections_command},
    {"queues", "[--json]", "messages that were not received or not answered yet", ntalpc::run_queues_command},
    {"processes", "[--json]", "processes, blocked threads, and what they cost",
     ntalpc::run_processes_command},
    {"limits", "[--all] [--json]", "what processes and users have of what they may have",
     ntalpc::run_limits_command},
    {"tokens", "[--json]", "the token of each process", ntalpc::run_tokens_command},
    {"object", "NAME [--json]", "one object of the namespace", ntalpc::run_object_command},
    {"tree", "[NAME] [--json]", "everything below a directory of the namespace", ntalpc::run_tree_command},
    {"access", "NAME --as SID [--json]", "what somebody would be granted of an object",
     ntalpc::run_access_command},
    {"top", "[--once|--json]", "the busiest ports, every second; q ends", ntalpc::run_top_command},
    {"kill-connection", "NUMBER [--json]", "end a connection, as its server's disconnect would",
     ntalpc::run_kill_connection_command},
};

void print_help() {
    std::puts(
        "Usage: alpcctl COMMAND [arguments]\n"
        "\n"
        "Looks at the alpcserver of a Wine prefix ($WINEPREFIX, else ~/.wine).\n"
        "What alpcctl itself adds to the server is not shown.\n"
        "\n"
        "Commands:");
    for (const Command& command : kCommands)
        std::printf("  %-15s %-22s %s\n", command.name, command.arguments, command.summary);
    std::puts(
        "\n"
        "  -h, --help     show this help\n"
        "  -v, --version  show the version\n"
        "\n"
        "The exit status is 0, or 1 when no server runs or it cannot be asked, or 2 for a wrong command "
        "line.");
}

int run(const std::string& name, const std::vector<std::string>& arguments) {
    if (name == "-h" || name == "--help") return print_help(), 0;
    if (name == "-v" || name == "--version") return std::puts("alpcctl (ntalpc) " NTALPC_VERSION) < 0;
    for (const Command& command : kCommands) {
        if (name == command.name)
            return command.run(ntalpc::server_directory(ntalpc::prefix_from_environment()), arguments);
    }
    std::fprintf(stderr, "alpcctl: there is no command '%s'; see alpcctl --help\n", name.c_str());
    return kUsageError;
}

}  // namespace

int main(int argc, char** argv) {
    ntalpc::fail_writes_beyond_limit();
    const std::vector<std::string> words(argv + (argc > 0), argv + argc);
    if (words.empty()) {
        std::fputs("alpcctl: a command is missing; see alpcctl --help\n", stderr);
        return kUsageError;
    }
    try {
        return ntalpc::finish_output("alpcctl", run(words[0], {words.begin() + 1, words.end()}));
    } catch (const ntalpc::UsageError& error) {
        std::fprintf(stderr, "alpcctl: %s; see alpcctl --help\n", error.what());
        return kUsageError;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "alpcctl: %s\n", error.what());
        return kFailure;
    }
}
