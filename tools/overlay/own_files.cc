// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the project's own files.
#include "overlay/own_files.h"

#include <unistd.h>

#include <vector>

namespace ntalpc {
namespace {

namespace fs = std::filesystem;

OwnFiles all_in(const fs::path& directory) {
    return {directory / "ntdll_alpc.dll", directory / "ntdll_alpc.so", directory / "ntalpc_keeper.exe",
            directory / "alpcserver"};
}

// The first file that is not there, or nothing.
std::optional<fs::path> missing(const OwnFiles& files) {
    for (const fs::path& path : {files.pe_half, files.unix_half, files.keeper}) {
        if (access(path.c_str(), R_OK)) return path;
    }
    if (access(files.server.c_str(), X_OK)) return files.server;
    return std::nullopt;
}

}  // namespace

Result<OwnFiles> find_own_files(const fs::path& executable, const fs::path& installed_in,
                                const std::optional<std::string>& override_dir) {
    if (override_dir) {
        const OwnFiles files = all_in(fs::absolute(*override_dir));
        if (const auto path = missing(files)) {
            return Failure{
                "'" + path->string() +
                "' is missing; NTALPC_LIBDIR must name the directory with ntdll_alpc.dll, ntdll_alpc.so, "
                "ntalpc_keeper.exe and alpcserver, or be unset."};
        }
        return files;
    }
    const fs::path bin = executable.parent_path(), build = (bin / "../..").lexically_normal();
    const OwnFiles beside = all_in((bin / "../lib/ntalpc").lexically_normal()),
                   elsewhere = all_in(installed_in);
    const OwnFiles built = {build / "ntdll_alpc/ntdll_alpc.dll", build / "ntdll_alpc/ntdll_alpc.so",
                            build / "ntdll_alpc/ntalpc_keeper.exe", build / "server/alpcserver"};
    for (const OwnFiles& files : {beside, built, elsewhere}) {
        if (!missing(files)) return files;
    }
    // Say what is missing at the place where at least something is.
    for (const OwnFiles& files : {beside, elsewhere}) {
        if (access(files.pe_half.parent_path().c_str(), F_OK) == 0)
            return Failure{"'" + missing(files)->string() + "' is missing; install ntalpc again."};
    }
    return Failure{"'" + missing(built)->string() + "' is missing; run 'make' in the build tree."};
}

}  // namespace ntalpc
