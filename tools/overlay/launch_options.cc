// SPDX-License-Identifier: LGPL-2.1-or-later
// The command line of alpcrun.
#include "overlay/launch_options.h"

#include <cstddef>

namespace ntalpc {

const char kLaunchUsage[] =
    "Usage: alpcrun [options] [--] program.exe [arguments...]\n"
    "Runs a Windows program under the installed Wine, with the NT local procedure calls (ALPC) that Wine "
    "lacks.\n"
    "\n"
    "  --wine PATH         the Wine to use: a directory such as /opt/wine-stable or a wine executable\n"
    "  --rebuild-overlay   build the overlay of Wine anew, even if it seems up to date\n"
    "  --print-overlay     print the directory of the overlay, building it if need be\n"
    "  -v, --verbose       say which files are used\n"
    "  --relay[=CALLS]     show each call with its arguments, on standard error; CALLS such as "
    "Nt*Connect*,-Tp*\n"
    "                      names them with wildcards, those after - not\n"
    "  --relay-from=LIST   only calls from these modules, such as rpcrt4.dll; wildcards as above\n"
    "  --relay-file=FILE   add the calls to this file instead\n"
    "  --version           print the version\n"
    "  --help              print this text\n"
    "\n"
    "Environment: WINEPREFIX, WINEDEBUG and all else that wine itself knows, and\n"
    "  NTALPC_WINE             the same as --wine\n"
    "  NTALPC_SERVER_BINARY    the alpcserver to start on first use\n"
    "  NTALPC_LIBDIR           the directory with ntdll_alpc.dll, ntdll_alpc.so and alpcserver\n"
    "\n"
    "The exit code is the program's; 2 is a wrong command line, 125 another failure of alpcrun itself.\n";

Result<LaunchOptions> parse_launch_options(const std::vector<std::string>& arguments) {
    LaunchOptions options;
    std::size_t next = 0;
    for (; next < arguments.size(); ++next) {
        const std::string& word = arguments[next];
        if (word == "--") {
            ++next;
            break;
        }
        if (word.size() < 2 || word[0] != '-') break;
        if (word == "--help" || word == "-h") {
            options.help = true;
        } else if (word == "--version") {
            options.version = true;
        } else if (word == "--print-overlay") {
            options.print_overlay = true;
        } else if (word == "--rebuild-overlay") {
            options.rebuild_overlay = true;
        } else if (word == "--verbose" || word == "-v") {
            options.verbose = true;
        } else if (word == "--relay") {
            options.relay_calls = "*";
        } else if (word.starts_with("--relay=")) {
            options.relay_calls = word.substr(8);
        } else if (word.starts_with("--relay-from=")) {
            options.relay_modules = word.substr(13);
            if (options.relay_modules.empty()) return Failure{"The option --relay-from= names no modules."};
        } else if (word.starts_with("--relay-file=")) {
            options.relay_file = word.substr(13);
            if (options.relay_file.empty()) return Failure{"The option --relay-file= names no file."};
        } else if (word.starts_with("--wine=")) {
            options.wine = word.substr(7);
        } else if (word == "--wine") {
            if (++next == arguments.size())
                return Failure{"The option --wine needs a path; see alpcrun --help."};
            options.wine = arguments[next];
        } else {
            return Failure{"There is no option '" + word + "'; see alpcrun --help."};
        }
    }
    const bool relay_is_described = !options.relay_modules.empty() || !options.relay_file.empty();
    if (options.relay_calls && options.relay_calls->empty())
        return Failure{"The option --relay= names no calls; give some, or --relay alone for all."};
    if (relay_is_described && !options.relay_calls) options.relay_calls = "*";
    options.program.assign(arguments.begin() + static_cast<std::ptrdiff_t>(next), arguments.end());
    if (options.program.empty() && options.needs_program())
        return Failure{"No program is given; see alpcrun --help."};
    return options;
}

}  // namespace ntalpc
