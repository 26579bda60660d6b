// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the description of a module for relay traces.
#include "overlay/pe_relay.h"

namespace ntalpc {

std::optional<RelayDescription> find_relay_description(const PeImage& image, std::uint32_t module_name_rva,
                                                       std::uint32_t function_count) {
    const ByteView file = image.file();
    if (module_name_rva < kRelayMarkSize) return std::nullopt;
    const auto mark = image.offset_of(module_name_rva - kRelayMarkSize, kRelayMarkSize);
    if (!mark || file.u32(*mark) != kRelayMark) return std::nullopt;

    // Mark, two fields for the loader's use, base of the trace code, then the pointer; all as wide as a
    // pointer.
    const std::uint32_t width = image.headers().is_64bit ? 8 : 4;
    RelayDescription description;
    description.rva = file.u32(*mark + 4).value_or(0);
    const auto fields = image.offset_of(description.rva, std::uint64_t{width} * 6);
    if (!fields || file.u32(*fields) != kRelayMark) return std::nullopt;
    description.offsets_pointer = *fields + std::uint64_t{width} * 4;
    const std::uint64_t address = width == 8 ? file.u64(description.offsets_pointer).value_or(0)
                                             : file.u32(description.offsets_pointer).value_or(0);
    if (address < image.headers().image_base) return std::nullopt;
    const auto numbers =
        image.offset_of(address - image.headers().image_base, std::uint64_t{function_count} * 4);
    if (!numbers) return std::nullopt;
    for (std::uint32_t i = 0; i < function_count; ++i) {
        description.offsets.push_back(file.u32(*numbers + std::uint64_t{i} * 4).value_or(0));
    }
    return description;
}

}  // namespace ntalpc
