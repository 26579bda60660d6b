// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the installed Wine and where its parts are.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "overlay/result.h"

namespace ntalpc {

// A Wine installation. Wine looks for its parts relative to its own binaries, so what counts is where the
// parts are with respect to each other; `root` is the deepest directory that holds all of them.
struct WineLayout {
    std::filesystem::path loader;  // the 64-bit `wine` binary, with symbolic links resolved
    std::filesystem::path wineserver;
    std::filesystem::path bin_dir;      // where the loader is
    std::filesystem::path dll_dir;      // holds unix_dir and windows_dir
    std::filesystem::path unix_dir;     // x86_64-unix
    std::filesystem::path windows_dir;  // x86_64-windows
    std::filesystem::path share_dir;    // share/wine
    std::filesystem::path root;
    // Directories like dll_dir with i386-windows in them (possibly dll_dir itself); empty without 32-bit
    // support.
    std::vector<std::filesystem::path> i386_dll_dirs;
    // The distribution starts Wine through a script of its own, which silences fixme messages.
    bool has_wrapper_script = false;
};

struct WineSearch {
    // A directory such as /opt/wine-stable or the path of a wine executable. When set, nothing else is looked
    // at.
    std::optional<std::string> requested = std::nullopt;
    std::string path_variable = {};    // $PATH
    std::filesystem::path root = "/";  // where /usr and /opt are looked for
};

Result<WineLayout> find_wine(const WineSearch& search);

// "8.0 (Debian 8.0~repack-4)". Asks the loader, which answers without starting a server. A version that is
// too old is a failure.
Result<std::string> query_wine_version(const WineLayout& layout);

}  // namespace ntalpc
