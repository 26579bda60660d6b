// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the installed Wine and where its parts are.
#include "overlay/wine_layout.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <system_error>

#include "overlay/subprocess.h"

namespace ntalpc {
namespace {

namespace fs = std::filesystem;

constexpr int kOldestMajorVersion = 7;
const char kInstallHint[] = "install it with 'apt-get install wine wine64'";

enum class BinaryKind { none, x86_64, other_elf, script };

BinaryKind kind_of(const fs::path& path) {
    std::error_code error;
    if (!fs::is_regular_file(path, error) || access(path.c_str(), X_OK)) return BinaryKind::none;
    std::array<char, 20> head{};
    std::ifstream(path, std::ios::binary).read(head.data(), head.size());
    if (!std::equal(head.begin(), head.begin() + 4, "\177ELF")) return BinaryKind::script;
    const bool is_64bit = head[4] == 2, is_x86_64 = head[18] == 62 && head[19] == 0;
    return is_64bit && is_x86_64 ? BinaryKind::x86_64 : BinaryKind::other_elf;
}

bool is_there(const fs::path& path) {
    std::error_code error;
    return fs::exists(path, error);
}

fs::path resolved(const fs::path& path) {
    std::error_code error;
    const fs::path real = fs::canonical(path, error);
    return error ? path : real;
}

// What a place that may hold Wine turned out to be.
struct Candidate {
    fs::path loader;
    bool has_wrapper_script = false;
    bool has_foreign_loader = false;  // a binary is there, but not for x86-64
};

// Wine names its 64-bit loader wine64, or wine where one loader serves both sizes.
Candidate look_into(const fs::path& bin_dir) {
    Candidate candidate;
    for (const char* name : {"wine64", "wine"}) {
        switch (kind_of(bin_dir / name)) {
            case BinaryKind::x86_64:
                candidate.loader = resolved(bin_dir / name);
                return candidate;
            case BinaryKind::other_elf:
                candidate.has_foreign_loader = true;
                break;
            case BinaryKind::script:
                candidate.has_wrapper_script = true;
                break;
            case BinaryKind::none:
                break;
        }
    }
    return candidate;
}

// `prefix` is what was given to --prefix when Wine was built: /usr, /usr/local, /opt/wine-stable.
// Distributions that start Wine through a script keep the loader itself in lib/wine.
Candidate look_below(const fs::path& prefix) {
    Candidate found;
    for (const char* directory : {"bin", "lib/wine", "lib64/wine"}) {
        Candidate candidate = look_into(prefix / directory);
        candidate.has_wrapper_script |= found.has_wrapper_script;
        candidate.has_foreign_loader |= found.has_foreign_loader;
        found = candidate;
        if (!found.loader.empty()) break;
    }
    return found;
}

Candidate look_at_executable(const fs::path& executable) {
    if (kind_of(executable) == BinaryKind::none) return {};
    const fs::path real = resolved(executable);
    Candidate candidate = look_into(real.parent_path());
    // Somebody who names one binary means that one, not a neighbour; only a 32-bit `wine` stands for its
    // 64-bit half.
    if (kind_of(real) == BinaryKind::x86_64) candidate.loader = real;
    if (!candidate.loader.empty()) return candidate;
    return look_below(real.parent_path().parent_path());
}

Candidate look_in_path(const std::string& path_variable) {
    std::size_t begin = 0;
    while (begin <= path_variable.size()) {
        const std::size_t end = std::min(path_variable.find(':', begin), path_variable.size());
        const fs::path directory = path_variable.substr(begin, end - begin);
        begin = end + 1;
        if (directory.empty()) continue;
        for (const char* name : {"wine", "wine64", "wine-stable"}) {
            if (kind_of(directory / name) == BinaryKind::none) continue;
            const Candidate candidate = look_at_executable(directory / name);
            if (!candidate.loader.empty() || candidate.has_foreign_loader) return candidate;
        }
    }
    return {};
}

Candidate look_everywhere(const WineSearch& search) {
    Candidate candidate = look_in_path(search.path_variable);
    if (!candidate.loader.empty()) return candidate;
    bool has_foreign_loader = candidate.has_foreign_loader;
    for (const char* prefix : {"usr", "usr/local", "opt/wine-stable", "opt/wine-devel", "opt/wine-staging"}) {
        candidate = look_below(search.root / prefix);
        if (!candidate.loader.empty()) return candidate;
        has_foreign_loader |= candidate.has_foreign_loader;
    }
    return {.loader = {}, .has_wrapper_script = false, .has_foreign_loader = has_foreign_loader};
}

Result<Candidate> find_loader(const WineSearch& search) {
    if (!search.requested) {
        Candidate candidate = look_everywhere(search);
        if (!candidate.loader.empty()) return candidate;
        if (candidate.has_foreign_loader) {
            return Failure{std::string("The installed Wine is not a 64-bit x86 one; ") + kInstallHint + "."};
        }
        return Failure{std::string("Wine is not installed; ") + kInstallHint +
                       ", or name its directory in NTALPC_WINE."};
    }
    const fs::path requested = *search.requested;
    std::error_code error;
    const Candidate candidate =
        fs::is_directory(requested, error) ? look_below(requested) : look_at_executable(requested);
    if (!candidate.loader.empty()) return candidate;
    if (candidate.has_foreign_loader) {
        return Failure{"The Wine at '" + requested.string() +
                       "' is not a 64-bit x86 one; name another in NTALPC_WINE or --wine."};
    }
    return Failure{
        "There is no Wine at '" + requested.string() +
        "'; NTALPC_WINE or --wine must name a directory such as /opt/wine-stable or a wine executable, "
        "or be left out."};
}

// The first of the places, relative to `from`, that holds `member`. Paths stay as the loader composes them.
fs::path first_with(const fs::path& from, std::initializer_list<const char*> places, const char* member) {
    for (const char* place : places) {
        const fs::path directory = (from / place).lexically_normal();
        if (is_there(directory / member)) return directory;
    }
    return {};
}

std::vector<fs::path> find_i386(const WineLayout& layout) {
    std::vector<fs::path> candidates = {layout.dll_dir};
    for (const char* place :
         {"../lib/wine", "../lib32/wine", "../lib/i386-linux-gnu/wine", "../i386-linux-gnu/wine"}) {
        const fs::path candidate = (layout.bin_dir / place).lexically_normal();
        if (candidate != layout.dll_dir) candidates.push_back(candidate);
    }
    std::erase_if(candidates,
                  [](const fs::path& path) { return !is_there(path / "i386-windows/ntdll.dll"); });
    return candidates;
}

fs::path common_ancestor(const fs::path& one, const fs::path& other) {
    fs::path common;
    for (auto a = one.begin(), b = other.begin(); a != one.end() && b != other.end() && *a == *b; ++a, ++b) {
        common /= *a;
    }
    return common;
}

}  // namespace

Result<WineLayout> find_wine(const WineSearch& search) {
    const Result<Candidate> candidate = find_loader(search);
    if (!candidate) return candidate.error();

    WineLayout layout;
    layout.loader = candidate->loader;
    layout.bin_dir = layout.loader.parent_path();
    layout.has_wrapper_script = candidate->has_wrapper_script;
    const std::string installed = "The Wine at '" + layout.loader.string() + "'";
    layout.dll_dir = first_with(
        layout.bin_dir,
        {"../lib/wine", "../lib64/wine", "../lib/x86_64-linux-gnu/wine", "../x86_64-linux-gnu/wine"},
        "x86_64-unix/ntdll.so");
    layout.unix_dir = layout.dll_dir / "x86_64-unix";
    layout.windows_dir = layout.dll_dir / "x86_64-windows";
    if (layout.dll_dir.empty() || !is_there(layout.windows_dir / "ntdll.dll")) {
        return Failure{installed + " is older than 7.0 or incomplete (there is no x86_64-unix/ntdll.so or " +
                       "x86_64-windows/ntdll.dll near it); " + kInstallHint + "."};
    }
    layout.share_dir = first_with(layout.bin_dir, {"../share/wine", "../../share/wine"}, "wine.inf");
    if (layout.share_dir.empty())
        return Failure{installed + " has no share/wine/wine.inf; install it with 'apt-get install libwine'."};
    layout.wineserver = layout.bin_dir / "wineserver";
    if (!is_there(layout.wineserver))
        return Failure{installed + " has no wineserver beside it; " + kInstallHint + "."};

    layout.i386_dll_dirs = find_i386(layout);
    layout.root = common_ancestor(common_ancestor(layout.bin_dir, layout.dll_dir), layout.share_dir);
    for (const fs::path& directory : layout.i386_dll_dirs)
        layout.root = common_ancestor(layout.root, directory);
    return layout;
}

Result<std::string> query_wine_version(const WineLayout& layout) {
    const Result<CommandOutcome> outcome =
        capture_output({.arguments = {layout.loader.string(), "--version"}});
    if (!outcome) return outcome.error();
    const std::string intro = "wine-";
    const std::string line = outcome->output.substr(0, outcome->output.find('\n'));
    if (outcome->exit_code || line.compare(0, intro.size(), intro)) {
        return Failure{"'" + layout.loader.string() + " --version' does not say which Wine it is; " +
                       kInstallHint + "."};
    }
    std::string version = line.substr(intro.size());
    if (std::atoi(version.c_str()) < kOldestMajorVersion) {
        return Failure{"Wine " + version + " is too old, 7.0 or newer is needed; " + kInstallHint + "."};
    }
    return version;
}

}  // namespace ntalpc
