// SPDX-License-Identifier: LGPL-2.1-or-later
// Prefix rules and preparation.
#include "overlay/prefix.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

#include "ntalpc/unique_fd.h"

namespace ntalpc {
namespace {

namespace fs = std::filesystem;

const char kOurModule[] = "ntdll_alpc.dll";
// After the set-up Wine's services linger for some seconds. Waiting for their end lets the next ones come
// from the overlay; a prefix that somebody else keeps busy at that moment works too.
constexpr std::chrono::seconds kServerEndLimit{10};

std::optional<std::string> variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? std::optional<std::string>(value) : std::nullopt;
}

Failure prefix_failure(const fs::path& path, int error) {
    return Failure{"Cannot use the Wine prefix: '" + path.string() + "': " + std::strerror(error) +
                   "; set WINEPREFIX to a directory that you can write to."};
}

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The registry file says in its first lines for which architecture the prefix was made.
bool is_32bit_prefix(const fs::path& prefix) {
    std::ifstream registry(prefix / "system.reg");
    std::string line;
    while (std::getline(registry, line) && !line.starts_with('[')) {
        if (line.starts_with("#arch=")) return line.starts_with("#arch=win32");
    }
    return false;
}

// Wine notes here the modification time of the wine.inf it last set the prefix up from; "disable" turns
// updates off. The registry would be no sign of a finished set-up: a server writes it when it ends.
fs::path update_stamp(const fs::path& prefix) {
    return prefix / ".update-timestamp";
}

bool needs_setup(const PrefixRequest& request) {
    const fs::path system32 = drive_c(request.prefix) / "windows/system32";
    std::error_code error;
    if (!fs::exists(system32 / "ntdll.dll", error)) return true;
    const std::string stamp = read_file(update_stamp(request.prefix));
    if (stamp.starts_with("disable")) return false;
    struct stat info = {};
    if (stat((request.wine.share_dir / "wine.inf").c_str(), &info)) return false;
    return std::strtoll(stamp.c_str(), nullptr, 10) != static_cast<long long>(info.st_mtime);
}

// Starters of programs in the same prefix take turns. The lock is on the directory itself, so that no lock
// file is left in it, and goes with the descriptor.
Result<UniqueFd> lock_prefix(const fs::path& prefix) {
    if (mkdir(prefix.c_str(), 0777) && errno != EEXIST) return prefix_failure(prefix, errno);
    UniqueFd lock(open(prefix.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock) return prefix_failure(prefix, errno);
    while (flock(lock.get(), LOCK_EX)) {
        if (errno != EINTR) return prefix_failure(prefix, errno);
    }
    return lock;
}

// Runs the installed Wine's own set-up, with nothing of ours in its environment.
Result<Done> set_up(const PrefixRequest& request) {
    std::map<std::string, std::string> environment = request.environment;
    environment["WINELOADER"] = request.wine.loader;
    environment["WINESERVER"] = request.wine.wineserver;
    environment["WINEPREFIX"] = request.prefix;
    std::error_code error;
    const bool is_new = !fs::exists(update_stamp(request.prefix), error);
    if (is_new) request.announce_creation();
    const Result<CommandOutcome> boot =
        request.run({.arguments = {request.wine.loader, "wineboot", "--init"}, .environment = environment});
    if (!boot) return boot.error();
    if (boot->exit_code) {
        return Failure{"Wine could not set up the prefix '" + request.prefix.string() +
                       "' (wineboot ended with code " + std::to_string(boot->exit_code) +
                       "); run 'wineboot --init' in it to see why."};
    }
    if (!is_new) return Done{};
    const Result<CommandOutcome> wait = request.run(
        {.arguments = {request.wine.wineserver, "-w"}, .environment = environment, .limit = kServerEndLimit});
    if (!wait) return wait.error();
    return Done{};
}

// A copy has the time of what it is a copy of, so the contents need not be read at every start. Times are no
// finer than a tick of the kernel's clock: what has just been changed is compared.
bool is_up_to_date(const fs::path& copy, const fs::path& original) {
    constexpr std::chrono::seconds settled{2};
    std::error_code error;
    const auto copy_time = fs::last_write_time(copy, error);
    if (error || fs::file_size(copy, error) != fs::file_size(original, error)) return false;
    const auto time = fs::last_write_time(original, error);
    if (copy_time == time && fs::file_time_type::clock::now() - time > settled) return true;
    if (read_file(copy) != read_file(original)) return false;
    // When this fails the next start compares again.
    fs::last_write_time(copy, time, error);
    return true;
}

// The file must be whole at any time, since other programs of the prefix may be loading it.
Result<Done> install_module(const PrefixRequest& request) {
    const fs::path system32 = drive_c(request.prefix) / "windows/system32";
    const fs::path module = system32 / kOurModule;
    if (is_up_to_date(module, request.pe_half)) return Done{};

    std::string name = (system32 / ".ntdll_alpc-XXXXXX").string();
    const UniqueFd file(mkstemp(name.data()));
    if (!file) return prefix_failure(system32, errno);
    std::error_code error;
    fs::copy_file(request.pe_half, name, fs::copy_options::overwrite_existing, error);
    if (!error) fs::last_write_time(name, fs::last_write_time(request.pe_half), error);
    if (!error) fs::rename(name, module, error);
    if (!error) return Done{};
    unlink(name.c_str());
    return prefix_failure(module, error.value());
}

}  // namespace

PrefixEnvironment PrefixEnvironment::from_process() {
    return {.wineprefix = variable("WINEPREFIX"), .home = variable("HOME"), .winearch = variable("WINEARCH")};
}

Result<fs::path> find_prefix(const PrefixEnvironment& environment) {
    if (environment.wineprefix) {
        std::string path = *environment.wineprefix;
        if (!path.starts_with('/')) {
            return Failure{"The directory '" + path +
                           "' in WINEPREFIX is not an absolute path; write it beginning with '/'."};
        }
        while (path.size() > 1 && path.ends_with('/')) path.pop_back();
        return fs::path(path);
    }
    if (!environment.home || !environment.home->starts_with('/')) {
        return Failure{
            "Your home directory is not known as an absolute path; set HOME, or WINEPREFIX to the prefix to "
            "use."};
    }
    return fs::path(*environment.home) / ".wine";
}

Result<Done> check_prefix(const fs::path& prefix, const PrefixEnvironment& environment) {
    const std::string quoted = "'" + prefix.string() + "'";
    if (environment.winearch == "win32") {
        return Failure{"WINEARCH=win32 asks for a 32-bit prefix, which is not supported; unset WINEARCH."};
    }
    struct stat info = {};
    if (stat(prefix.c_str(), &info)) {
        if (errno != ENOENT) return prefix_failure(prefix, errno);
        const fs::path parent = prefix.parent_path();
        if (stat(parent.c_str(), &info)) return prefix_failure(parent, errno);
        if (info.st_uid != geteuid() && !environment.wineprefix) {
            return Failure{"'" + parent.string() +
                           "' is not owned by you, refusing to create a configuration directory there; set "
                           "WINEPREFIX to a directory of your own."};
        }
        if (access(parent.c_str(), W_OK | X_OK)) return prefix_failure(parent, errno);
        return Done{};
    }
    if (!S_ISDIR(info.st_mode)) return prefix_failure(prefix, ENOTDIR);
    if (info.st_uid != geteuid())
        return Failure{quoted + " is not owned by you; set WINEPREFIX to a directory of your own."};
    if (access(prefix.c_str(), W_OK | X_OK)) return prefix_failure(prefix, errno);
    if (is_32bit_prefix(prefix)) {
        return Failure{quoted +
                       " is a 32-bit prefix, which is not supported; set WINEPREFIX to another directory."};
    }
    return Done{};
}

Result<Done> prepare_prefix(const PrefixRequest& request) {
    const Result<UniqueFd> lock = lock_prefix(request.prefix);
    if (!lock) return lock.error();
    if (needs_setup(request)) {
        const Result<Done> done = set_up(request);
        if (!done) return done.error();
    }
    return install_module(request);
}

fs::path drive_c(const fs::path& prefix) {
    std::error_code error;
    const fs::path link = prefix / "dosdevices/c:";
    return fs::exists(link, error) ? link : prefix / "drive_c";
}

}  // namespace ntalpc
