// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the project's own files that belong to the running tool, installed or in a build tree.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "overlay/result.h"

namespace ntalpc {

struct OwnFiles {
    std::filesystem::path pe_half;    // ntdll_alpc.dll
    std::filesystem::path unix_half;  // ntdll_alpc.so
    std::filesystem::path keeper;     // ntalpc_keeper.exe
    std::filesystem::path server;     // alpcserver
};

// `executable` is the tool itself, links resolved; `installed_in` is where installed files were configured to
// be, which counts when they are not where they would be relative to the tool. `override_dir`, when set, is a
// directory with all files in it and the only place that counts.
Result<OwnFiles> find_own_files(const std::filesystem::path& executable,
                                const std::filesystem::path& installed_in,
                                const std::optional<std::string>& override_dir);

}  // namespace ntalpc
