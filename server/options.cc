// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/options.h"

#include <getopt.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "ntalpc/server_location.h"

namespace ntalpc::server {

const char kUsage[] =
    "Usage: alpcserver [options]\n"
    "\n"
    "The server behind (A)LPC ports. It is started on first use; run it by hand to watch it.\n"
    "It serves one user and one Wine prefix ($WINEPREFIX, else ~/.wine).\n"
    "\n"
    "  -d[N], --debug[=N]       log level: 0 problems, 1 connections, 2 messages, 3 requests (default 1)\n"
    "  -f, --foreground         stay in the foreground and log to standard error\n"
    "  -h, --help               show this help\n"
    "  -k[N], --kill[=N]        stop the running server, with signal N if given\n"
    "  -p[N], --persistent[=N]  stay N seconds after the last client (default 3; without N: for ever)\n"
    "  -w, --wait               wait until the running server has ended\n"
    "  -v, --version            show the version\n"
    "      --system             serve all users of the machine, in the foreground, until stopped;\n"
    "                           programs find this server with NTALPC_SYSTEM=1 in their environment\n"
    "      --directory=DIR      use this directory for the socket instead of the prefix's own\n"
    "      --limit=NAME=VALUE   what a process or user may have, as process.objects=1000 (repeatable)\n"
    "      --limits=FILE        read limits from here first (~/.config/ntalpc/limits.conf, or with\n"
    "                           --system /etc/ntalpc/limits.conf)\n"
    "      --show-limits        print the limits that a server started like this would have\n";

namespace {

bool parse_number(const char* text, int* number) {
    const char* const end = text + std::strlen(text);
    const auto result = std::from_chars(text, end, *number);
    return result.ec == std::errc() && result.ptr == end && *number >= 0;
}

}  // namespace

std::string parse_options(int argc, char** argv, Options* options) {
    static constexpr option kLong[] = {{"debug", optional_argument, nullptr, 'd'},
                                       {"foreground", no_argument, nullptr, 'f'},
                                       {"help", no_argument, nullptr, 'h'},
                                       {"kill", optional_argument, nullptr, 'k'},
                                       {"persistent", optional_argument, nullptr, 'p'},
                                       {"wait", no_argument, nullptr, 'w'},
                                       {"version", no_argument, nullptr, 'v'},
                                       {"directory", required_argument, nullptr, 'D'},
                                       {"system", no_argument, nullptr, 'S'},
                                       {"limit", required_argument, nullptr, 'L'},
                                       {"limits", required_argument, nullptr, 'F'},
                                       {"show-limits", no_argument, nullptr, 's'},
                                       {nullptr, 0, nullptr, 0}};
    options->directory = server_directory(prefix_from_environment());
    if (const char* level = std::getenv("NTALPC_SERVER_DEBUG");
        level && !parse_number(level, &options->debug_level)) {
        return "NTALPC_SERVER_DEBUG must be a number from 0 to 3";
    }
    bool given_directory = false;
    for (;;) {
        const int which = getopt_long(argc, argv, "d::fhk::p::wv", kLong, nullptr);
        if (which == -1) break;
        switch (which) {
            case 'd':
                options->debug_level = 1;
                if (optarg && !parse_number(optarg, &options->debug_level))
                    return "-d wants a number from 0 to 3";
                break;
            case 'f':
                options->foreground = true;
                break;
            case 'h':
                options->action = Options::Action::help;
                break;
            case 'k':
                options->action = Options::Action::kill;
                if (optarg && !parse_number(optarg, &options->kill_signal))
                    return "-k wants the number of a signal";
                break;
            case 'p':
                options->linger = -1;
                if (optarg && !parse_number(optarg, &options->linger)) return "-p wants a number of seconds";
                break;
            case 'w':
                options->action = Options::Action::wait;
                break;
            case 'v':
                options->action = Options::Action::version;
                break;
            case 'D':
                options->directory = optarg;
                given_directory = true;
                break;
            case 'L':
                options->limits.emplace_back(optarg);
                break;
            case 'F':
                options->limits_file = optarg;
                break;
            case 's':
                options->action = Options::Action::show_limits;
                break;
            case 'S':
                options->system = true;
                options->foreground = true;
                options->linger = -1;
                break;
            default:
                return "unknown option; see alpcserver --help";
        }
    }
    if (options->system && !given_directory) {
        const std::string chosen = system_directory_from_environment();
        options->directory = chosen.empty() ? kSystemDirectory : chosen;
    }
    if (optind < argc)
        return std::string("unexpected argument '") + argv[optind] + "'; see alpcserver --help";
    return {};
}

}  // namespace ntalpc::server
