// SPDX-License-Identifier: LGPL-2.1-or-later
// alpcrun: runs a Windows program in an overlay of the installed Wine. It becomes Wine's loader in the end,
// so that exit code, streams, signals and the terminal are the program's own.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "config.h"
#include "generated/forwarded_exports.h"
#include "ntalpc/full_disk.h"
#include "overlay/launch.h"
#include "overlay/launch_options.h"

namespace {

constexpr int kUsageError = 2;
constexpr int kLaunchError = 125;

void say(const std::string& line) {
    std::fprintf(stderr, "alpcrun: %s\n", line.c_str());
}

int fail(const ntalpc::Failure& failure, int exit_code) {
    say(failure.sentence);
    return exit_code;
}

std::vector<ntalpc::ExportForwarder> forwarders() {
    std::vector<ntalpc::ExportForwarder> list;
    for (const char* name : ntalpc::kForwardedExports)
        list.push_back({name, std::string("ntdll_alpc.") + name});
    return list;
}

// Does not return unless the loader cannot be run.
int become(const ntalpc::Launch& launch) {
    for (const auto& [name, value] : launch.environment) setenv(name.c_str(), value.c_str(), 1);
    std::vector<std::string> arguments = launch.arguments;
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    execv(pointers[0], pointers.data());
    return fail({"Cannot run '" + launch.arguments[0] + "': " + std::strerror(errno) +
                 "; if its directory does not allow programs, set XDG_CACHE_HOME to another one."},
                kLaunchError);
}

int run(const std::vector<std::string>& words) {
    const ntalpc::Result<ntalpc::LaunchOptions> options = ntalpc::parse_launch_options(words);
    if (!options) return fail(options.error(), kUsageError);
    if (options->help) return std::fputs(ntalpc::kLaunchUsage, stdout) < 0;
    if (options->version) return std::printf("alpcrun (ntalpc) %s\n", NTALPC_VERSION) < 0;

    const ntalpc::Result<ntalpc::Launch> launch =
        ntalpc::prepare_launch({.options = *options,
                                .executable = std::filesystem::read_symlink("/proc/self/exe"),
                                .forwarders = forwarders(),
                                .say = say});
    if (!launch) return fail(launch.error(), kLaunchError);
    if (options->print_overlay) return std::printf("%s\n", launch->overlay.dir.c_str()) < 0;
    if (options->program.empty()) return 0;
    return become(*launch);
}

}  // namespace

int main(int argc, char** argv) {
    ntalpc::fail_writes_beyond_limit();
    try {
        return ntalpc::finish_output("alpcrun", run({argv + (argc > 0), argv + argc}));
    } catch (const std::exception& error) {
        return fail({std::string("It cannot go on: ") + error.what() +
                     "; check free memory, and that /proc is there and the named files can be read."},
                    kLaunchError);
    }
}
