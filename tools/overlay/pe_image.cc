// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads and checks the headers of a PE file.
#include "overlay/pe_image.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace ntalpc {
namespace {

// Far above any real file, and small enough that file offsets and addresses stay within 32 bits.
constexpr std::uint64_t kMaxFileSize = 256u << 20;
constexpr std::uint32_t kMaxAlignment = 1u << 24;
constexpr std::uint32_t kMaxDirectories = 16;
constexpr std::uint64_t kPeOffsetField = 0x3c;
constexpr std::uint16_t kMagicPe32 = 0x010b;
constexpr std::uint16_t kMagicPe32Plus = 0x020b;

template <typename Integer>
std::optional<Integer> read_integer(ByteView view, std::uint64_t offset) {
    if (!view.contains(offset, sizeof(Integer))) return std::nullopt;
    Integer value = 0;
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
        value |= static_cast<Integer>(Integer{view.bytes()[offset + i]} << (8 * i));
    }
    return value;
}

bool is_usable_alignment(std::uint32_t alignment) {
    return std::has_single_bit(alignment) && alignment <= kMaxAlignment;
}

// Two ranges of the file or of the address space, each [begin, end).
bool any_overlap(std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges) {
    std::sort(ranges.begin(), ranges.end());
    for (std::size_t i = 1; i < ranges.size(); ++i) {
        if (ranges[i].first < ranges[i - 1].second) return true;
    }
    return false;
}

std::optional<PeError> check_sections(ByteView file, const PeHeaders& headers,
                                      const std::vector<PeSection>& sections) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> memory = {{0, headers.section_table_end()}};
    std::vector<std::pair<std::uint64_t, std::uint64_t>> disk = memory;
    for (const PeSection& section : sections) {
        if (section.rva % headers.section_alignment) return PeError::bad_alignment;
        memory.emplace_back(section.rva, section.rva + section.extent());
        if (!section.raw_size) continue;
        if (!file.contains(section.raw_offset, section.raw_size)) return PeError::section_outside_file;
        disk.emplace_back(section.raw_offset, std::uint64_t{section.raw_offset} + section.raw_size);
    }
    if (any_overlap(std::move(memory)) || any_overlap(std::move(disk))) return PeError::sections_overlap;
    return std::nullopt;
}

// The optional header begins at `offset`; `size` bytes of it are inside the file.
Result<PeHeaders, PeError> read_optional_header(ByteView file, std::uint64_t offset, std::uint32_t size,
                                                PeHeaders headers) {
    const std::uint16_t magic = file.u16(offset).value_or(0);
    if (magic != kMagicPe32 && magic != kMagicPe32Plus) return PeError::unknown_optional_header;
    headers.is_64bit = magic == kMagicPe32Plus;

    const std::uint32_t directories_at = headers.is_64bit ? 112 : 96;
    if (size < directories_at) return PeError::headers_truncated;
    headers.image_base =
        headers.is_64bit ? file.u64(offset + 24).value_or(0) : file.u32(offset + 28).value_or(0);
    headers.section_alignment = file.u32(offset + 32).value_or(0);
    headers.file_alignment = file.u32(offset + 36).value_or(0);
    headers.size_of_image_offset = offset + 56;
    headers.size_of_headers = file.u32(offset + 60).value_or(0);
    headers.checksum_offset = offset + 64;
    headers.directories_offset = offset + directories_at;
    if (!is_usable_alignment(headers.section_alignment) || !is_usable_alignment(headers.file_alignment) ||
        headers.file_alignment > headers.section_alignment) {
        return PeError::bad_alignment;
    }

    // Windows ignores what is announced beyond 16 directories; the size of the optional header is a second
    // limit.
    const std::uint32_t announced = file.u32(headers.directories_offset - 4).value_or(0);
    const std::uint32_t count = std::min(announced, kMaxDirectories);
    if (size - directories_at < count * 8) return PeError::headers_truncated;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint64_t at = headers.directories_offset + i * 8;
        headers.directories.push_back({file.u32(at).value_or(0), file.u32(at + 4).value_or(0)});
    }
    return headers;
}

}  // namespace

const char* describe(PeError error) {
    switch (error) {
        case PeError::not_a_pe_file:
            return "it does not begin like a PE file";
        case PeError::file_too_large:
            return "it is larger than 256 MiB";
        case PeError::headers_truncated:
            return "its headers are cut off";
        case PeError::unknown_optional_header:
            return "its optional header is neither PE32 nor PE32+";
        case PeError::too_few_directories:
            return "its headers have no export directory entry";
        case PeError::bad_alignment:
            return "its section or file alignment is not usable";
        case PeError::bad_section_count:
            return "its number of sections is 0 or above 96";
        case PeError::section_outside_file:
            return "a section lies outside the file";
        case PeError::sections_overlap:
            return "its sections or headers overlap";
        case PeError::no_room_for_section_header:
            return "its headers have no room for one more section";
        case PeError::image_too_large:
            return "the image would be larger than 2 GiB";
        case PeError::no_exports:
            return "it exports nothing";
        case PeError::export_directory_outside_sections:
            return "its export directory is outside the sections";
        case PeError::too_many_exports:
            return "it would have more than 65536 exports";
        case PeError::export_table_outside_sections:
            return "one of its export tables is outside the sections";
        case PeError::export_behind_image:
            return "an exported address lies behind the image";
        case PeError::export_name_outside_sections:
            return "an export's name is outside the sections or endless";
        case PeError::export_ordinal_out_of_range:
            return "an export's name refers to a missing ordinal";
        case PeError::export_name_duplicated:
            return "an export's name occurs twice";
        case PeError::export_strings_too_large:
            return "the names of its exports take more than 16 MiB";
        case PeError::bad_forwarder:
            return "a name to forward is empty or its target is not MODULE.NAME";
    }
    return "it breaks a rule without a name";
}

std::optional<std::uint16_t> ByteView::u16(std::uint64_t offset) const {
    return read_integer<std::uint16_t>(*this, offset);
}

std::optional<std::uint32_t> ByteView::u32(std::uint64_t offset) const {
    return read_integer<std::uint32_t>(*this, offset);
}

std::optional<std::uint64_t> ByteView::u64(std::uint64_t offset) const {
    return read_integer<std::uint64_t>(*this, offset);
}

Result<PeHeaders, PeError> read_pe_headers(ByteView file) {
    if (file.size() > kMaxFileSize) return PeError::file_too_large;
    const std::optional<std::uint32_t> pe_offset = file.u32(kPeOffsetField);
    if (!pe_offset || file.u16(0) != 0x5a4d) return PeError::not_a_pe_file;
    const std::uint64_t coff_header = std::uint64_t{*pe_offset} + 4;
    if (file.u32(*pe_offset) != 0x00004550u) return PeError::not_a_pe_file;
    if (!file.contains(coff_header, 20)) return PeError::headers_truncated;

    PeHeaders headers;
    headers.machine = file.u16(coff_header).value_or(0);
    headers.section_count = file.u16(coff_header + 2).value_or(0);
    headers.section_count_offset = coff_header + 2;
    const std::uint32_t optional_size = file.u16(coff_header + 16).value_or(0);
    const std::uint64_t optional_header = coff_header + 20;
    headers.section_table_offset = optional_header + optional_size;
    if (!file.contains(optional_header, optional_size)) return PeError::headers_truncated;
    return read_optional_header(file, optional_header, optional_size, std::move(headers));
}

Result<PeImage, PeError> PeImage::parse(ByteView file) {
    Result<PeHeaders, PeError> headers = read_pe_headers(file);
    if (!headers) return headers.error();
    if (headers->section_count == 0 || headers->section_count > kPeMaxSections)
        return PeError::bad_section_count;
    if (!file.contains(headers->section_table_offset,
                       std::uint64_t{headers->section_count} * kPeSectionHeaderSize)) {
        return PeError::headers_truncated;
    }

    std::vector<PeSection> sections;
    for (std::uint32_t i = 0; i < headers->section_count; ++i) {
        const std::uint64_t at = headers->section_table_offset + std::uint64_t{i} * kPeSectionHeaderSize;
        sections.push_back({.rva = file.u32(at + 12).value_or(0),
                            .virtual_size = file.u32(at + 8).value_or(0),
                            .raw_offset = file.u32(at + 20).value_or(0),
                            .raw_size = file.u32(at + 16).value_or(0)});
    }
    if (const std::optional<PeError> error = check_sections(file, *headers, sections)) return *error;
    return PeImage(file, std::move(*headers), std::move(sections));
}

std::optional<std::uint64_t> PeImage::offset_of(std::uint64_t rva, std::uint64_t length) const {
    for (const PeSection& section : sections_) {
        const std::uint64_t mapped =
            std::min<std::uint64_t>(section.raw_size, align_up(section.extent(), headers_.section_alignment));
        if (rva < section.rva || rva - section.rva >= mapped) continue;
        const std::uint64_t inside = rva - section.rva;
        if (length > mapped - inside) return std::nullopt;
        return section.raw_offset + inside;
    }
    return std::nullopt;
}

std::uint64_t PeImage::end_rva() const {
    std::uint64_t end = align_up(headers_.size_of_headers, headers_.section_alignment);
    for (const PeSection& section : sections_) {
        end = std::max(end, align_up(section.rva + section.extent(), headers_.section_alignment));
    }
    return end;
}

}  // namespace ntalpc
