// SPDX-License-Identifier: LGPL-2.1-or-later
// The overlay: a directory that looks like the installed Wine and is made of symbolic links to it, except for
// the few files that must differ. It is built once and kept in the user's cache until Wine or our files
// change.
//
// Real copies are
//   - the loaders and every ntdll.so, because Wine follows symbolic links to its own binaries before it looks
//   for the
//     rest of itself, and would look in the installed tree;
//   - ntdll.dll, with our names added to its exports;
//   - ntdll_alpc.dll and ntdll_alpc.so. Links would do for Wine, but a build tree is rebuilt, moved and
//   deleted while
//     programs run: with copies all processes of one overlay, also those started later, see one pair that
//     fits together.
//
// An overlay's name is a hash of everything it is made from, so that it never has to be changed once it is
// there. It is built beside its final place under a lock and renamed in one step: what has the final name is
// complete.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "overlay/pe_exports.h"
#include "overlay/result.h"
#include "overlay/wine_layout.h"

namespace ntalpc {

struct OverlayRequest {
    WineLayout wine;
    std::filesystem::path pe_half;    // our ntdll_alpc.dll
    std::filesystem::path unix_half;  // our ntdll_alpc.so
    std::filesystem::path keeper;     // our ntalpc_keeper.exe
    std::vector<ExportForwarder> forwarders;
    std::filesystem::path cache_dir;
    bool rebuild = false;  // build anew even if it is there
};

struct Overlay {
    std::filesystem::path dir;
    std::filesystem::path loader;
    std::filesystem::path wineserver;
    bool built_now = false;
};

// ${XDG_CACHE_HOME:-$HOME/.cache}/ntalpc, from the environment. A relative XDG_CACHE_HOME does not count, as
// the XDG base directory specification wants it.
Result<std::filesystem::path> default_cache_dir();

Result<Overlay> prepare_overlay(const OverlayRequest& request);

// Removes overlays that nobody started a program from for `unused_for` and that no running process was loaded
// from. The time covers starters between finding the overlay and running its loader, and processes in
// containers whose process numbers we cannot see. `keep` stays in any case. Called under the lock of the
// cache by prepare_overlay() whenever it has built something.
void prune_overlays(const std::filesystem::path& cache_dir, const std::filesystem::path& keep,
                    std::chrono::seconds unused_for);

}  // namespace ntalpc
