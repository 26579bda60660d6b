// SPDX-License-Identifier: LGPL-2.1-or-later
// The Wine prefix that a program runs in: which one, whether it can be used, and what must be in it.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "overlay/result.h"
#include "overlay/subprocess.h"
#include "overlay/wine_layout.h"

namespace ntalpc {

// The environment variables that decide; empty optionals when unset.
struct PrefixEnvironment {
    std::optional<std::string> wineprefix = std::nullopt;
    std::optional<std::string> home = std::nullopt;
    std::optional<std::string> winearch = std::nullopt;

    static PrefixEnvironment from_process();
};

// $WINEPREFIX, else $HOME/.wine, both absolute, as `wine` has it.
Result<std::filesystem::path> find_prefix(const PrefixEnvironment& environment);

// Refuses what cannot work: a 32-bit prefix or the wish for one, a prefix of another user or one that cannot
// be written. A prefix that does not exist is fine.
Result<Done> check_prefix(const std::filesystem::path& prefix, const PrefixEnvironment& environment);

struct PrefixRequest {
    std::filesystem::path prefix;
    WineLayout wine;
    std::filesystem::path pe_half;  // our ntdll_alpc.dll
    std::map<std::string, std::string> environment =
        {};  // for the set-up, what the distribution's script would set
    // How commands are run; replaced by tests.
    std::function<Result<CommandOutcome>(const Command&)> run = run_command;
    // Called before the first start of Wine in a new prefix, which takes its time.
    std::function<void()> announce_creation = [] {};
};

// Makes the prefix ready. One that does not exist, or was made by another version of Wine, is set up by the
// installed Wine itself, so that it looks as if we had not been there but for one file:
// system32/ntdll_alpc.dll, without which Wine would not look for the module at all. A server that runs in the
// prefix already is no hindrance.
Result<Done> prepare_prefix(const PrefixRequest& request);

// Where drive C: of the prefix is.
std::filesystem::path drive_c(const std::filesystem::path& prefix);

}  // namespace ntalpc
