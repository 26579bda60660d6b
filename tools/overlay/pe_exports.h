// SPDX-License-Identifier: LGPL-2.1-or-later
// Adds forwarders to the export table of a PE file. A rebuilt export table goes into one more section behind
// everything else; the original is left as it is, byte for byte, apart from its headers and one pointer to
// what Wine keeps for relay traces.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "overlay/pe_image.h"
#include "overlay/pe_relay.h"
#include "overlay/result.h"

namespace ntalpc {

// Whoever asks for `name` gets `target`, written MODULE.NAME or MODULE.#ORDINAL without the module's suffix.
struct ExportForwarder {
    std::string name;
    std::string target;
};

struct ExportTable {
    struct Function {
        std::uint32_t rva = 0;  // 0 when the ordinal is not in use, or when it is a forwarder
        std::string forwarder;
    };
    std::string module_name;
    std::uint32_t characteristics = 0;
    std::uint32_t time_stamp = 0;
    std::uint32_t version = 0;
    std::uint32_t ordinal_base = 0;
    std::vector<Function> functions;  // by ordinal - ordinal_base
    // In the table's order, with index into functions.
    std::vector<std::pair<std::string, std::size_t>> names;
    std::optional<RelayDescription> relay;
};

Result<ExportTable, PeError> read_export_table(const PeImage& image);

// A copy of `file` that exports all it did, at the same ordinals, and forwards the given names. A name it has
// already changes at its ordinal; a new name gets a new ordinal behind the existing ones.
Result<std::vector<std::uint8_t>, PeError> add_export_forwarders(std::span<const std::uint8_t> file,
                                                                 std::span<const ExportForwarder> forwarders);

// The check sum that belongs into the optional header at `checksum_offset`, whatever stands there now.
std::uint32_t pe_checksum(std::span<const std::uint8_t> file, std::uint64_t checksum_offset);

}  // namespace ntalpc
