// SPDX-License-Identifier: LGPL-2.1-or-later
// Fills a directory with an overlay of an installed Wine.
#pragma once

#include <filesystem>

#include "overlay/overlay_cache.h"
#include "overlay/result.h"

namespace ntalpc {

// `target` exists and is empty. What is left there after a failure is not usable.
Result<Done> build_overlay_tree(const OverlayRequest& request, const std::filesystem::path& target);

// Where a file or directory of the installed Wine is found in an overlay.
std::filesystem::path in_overlay(const std::filesystem::path& overlay, const WineLayout& wine,
                                 const std::filesystem::path& installed);

}  // namespace ntalpc
