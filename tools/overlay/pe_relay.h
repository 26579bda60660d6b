// SPDX-License-Identifier: LGPL-2.1-or-later
// The description of a module's functions that Wine's build tool leaves for relay traces (WINEDEBUG=+relay).
// The loader finds it by a mark right before the module's name, and expects in it one number per exported
// ordinal, zero for what cannot be traced. Whoever changes the number of ordinals or turns functions into
// forwarders has to adapt it: the loader would otherwise read behind its end and trace strings as if they
// were code.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "overlay/pe_image.h"

namespace ntalpc {

constexpr std::uint32_t kRelayMarkSize = 8;
constexpr std::uint32_t kRelayMark = 0xdeb90002;

struct RelayDescription {
    std::uint32_t rva = 0;
    std::uint64_t offsets_pointer = 0;   // file offset of the pointer to the numbers
    std::vector<std::uint32_t> offsets;  // the numbers, by ordinal
};

// Empty when the module has none, or none that makes sense: it is then written without the mark, and only its
// relay trace is lost.
std::optional<RelayDescription> find_relay_description(const PeImage& image, std::uint32_t module_name_rva,
                                                       std::uint32_t function_count);

}  // namespace ntalpc
