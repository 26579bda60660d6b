// SPDX-License-Identifier: LGPL-2.1-or-later
// The headers of a PE file (32- and 64-bit), read from memory that nobody has checked before: every read is
// bounded, every sum is made in 64 bits, and a file that breaks a rule is refused with the rule's name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "overlay/result.h"

namespace ntalpc {

// The rules. describe() puts each into words.
enum class PeError {
    not_a_pe_file,
    file_too_large,
    headers_truncated,
    unknown_optional_header,
    too_few_directories,
    bad_alignment,
    bad_section_count,
    section_outside_file,
    sections_overlap,
    no_room_for_section_header,
    image_too_large,
    no_exports,
    export_directory_outside_sections,
    too_many_exports,
    export_table_outside_sections,
    export_behind_image,
    export_name_outside_sections,
    export_ordinal_out_of_range,
    export_name_duplicated,
    export_strings_too_large,
    bad_forwarder,
};

const char* describe(PeError error);

// Little-endian reads from a range of bytes; empty when any byte lies outside.
class ByteView {
  public:
    explicit ByteView(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    std::uint64_t size() const { return bytes_.size(); }
    bool contains(std::uint64_t offset, std::uint64_t length) const {
        return offset <= bytes_.size() && length <= bytes_.size() - offset;
    }
    std::optional<std::uint16_t> u16(std::uint64_t offset) const;
    std::optional<std::uint32_t> u32(std::uint64_t offset) const;
    std::optional<std::uint64_t> u64(std::uint64_t offset) const;
    std::span<const std::uint8_t> bytes() const { return bytes_; }

  private:
    std::span<const std::uint8_t> bytes_;
};

constexpr std::uint16_t kPeMachineI386 = 0x014c;
constexpr std::uint16_t kPeMachineAmd64 = 0x8664;
constexpr std::uint32_t kPeDirectoryExport = 0;
constexpr std::uint32_t kPeDirectorySecurity = 4;
constexpr std::uint32_t kPeDirectoryClr = 14;
constexpr std::uint32_t kPeSectionHeaderSize = 40;
constexpr std::uint32_t kPeMaxSections = 96;  // the documented limit of the Windows loader

struct PeDirectory {
    std::uint32_t rva = 0;
    std::uint32_t size = 0;
};

// What stands in the fixed part of the headers, and at which file offset the parts are that a rewriter
// changes.
struct PeHeaders {
    std::uint16_t machine = 0;
    bool is_64bit = false;
    std::uint64_t image_base = 0;
    std::uint32_t section_alignment = 0;
    std::uint32_t file_alignment = 0;
    std::uint32_t size_of_headers = 0;
    std::uint32_t section_count = 0;
    std::vector<PeDirectory> directories;

    std::uint64_t section_count_offset = 0;
    std::uint64_t size_of_image_offset = 0;
    std::uint64_t checksum_offset = 0;
    std::uint64_t directories_offset = 0;
    std::uint64_t section_table_offset = 0;

    PeDirectory directory(std::uint32_t index) const {
        return index < directories.size() ? directories[index] : PeDirectory{};
    }
    std::uint64_t section_table_end() const {
        return section_table_offset + std::uint64_t{section_count} * kPeSectionHeaderSize;
    }
};

// Needs only the beginning of the file. The section table itself is not looked at.
Result<PeHeaders, PeError> read_pe_headers(ByteView file);

struct PeSection {
    std::uint32_t rva = 0;
    std::uint32_t virtual_size = 0;
    std::uint32_t raw_offset = 0;
    std::uint32_t raw_size = 0;

    // Bytes of address space it occupies before rounding up.
    std::uint64_t extent() const { return virtual_size ? virtual_size : raw_size; }
};

// A whole PE file whose sections are inside the file and apart from each other. It refers to the caller's
// bytes.
class PeImage {
  public:
    static Result<PeImage, PeError> parse(ByteView file);

    const PeHeaders& headers() const { return headers_; }
    const std::vector<PeSection>& sections() const { return sections_; }
    ByteView file() const { return file_; }

    // The file offset of `length` bytes at `rva`, empty when they do not all come from one section's file
    // data.
    std::optional<std::uint64_t> offset_of(std::uint64_t rva, std::uint64_t length) const;

    // The first free address behind all sections, section aligned.
    std::uint64_t end_rva() const;

  private:
    PeImage(ByteView file, PeHeaders headers, std::vector<PeSection> sections)
        : file_(file), headers_(std::move(headers)), sections_(std::move(sections)) {}

    ByteView file_;
    PeHeaders headers_;
    std::vector<PeSection> sections_;
};

// `alignment` is a power of two.
constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    return (value + alignment - 1) & ~(alignment - 1);
}

}  // namespace ntalpc
