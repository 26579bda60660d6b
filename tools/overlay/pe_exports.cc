// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads, extends and writes PE export tables.
#include "overlay/pe_exports.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <set>

namespace ntalpc {
namespace {

constexpr std::uint32_t kMaxExports = 65536;  // ordinals have 16 bits
constexpr std::uint64_t kMaxNameLength = 4096;
constexpr std::uint64_t kMaxStringBytes = 16u << 20;
constexpr std::uint64_t kMaxImageSize = std::uint64_t{1} << 31;
constexpr std::uint32_t kDirectorySize = 40;
constexpr std::uint32_t kInitializedReadOnlyData = 0x40000040;

// Reads what the export directory points to, and counts the bytes so that names that overlap each other in
// the file cannot grow into gigabytes in memory.
class ExportReader {
  public:
    explicit ExportReader(const PeImage& image) : image_(image) {}

    Result<ExportTable, PeError> read();

  private:
    Result<std::string, PeError> read_string(std::uint32_t rva);
    std::optional<PeError> read_functions(std::uint32_t rva, std::uint32_t count);
    std::optional<PeError> read_names(std::uint32_t names_rva, std::uint32_t ordinals_rva,
                                      std::uint32_t count);

    const PeImage& image_;
    PeDirectory directory_;
    ExportTable table_;
    std::uint64_t string_bytes_ = 0;
};

Result<std::string, PeError> ExportReader::read_string(std::uint32_t rva) {
    const std::optional<std::uint64_t> offset = image_.offset_of(rva, 1);
    if (!offset) return PeError::export_name_outside_sections;
    std::string text;
    for (std::uint64_t i = 0; i <= kMaxNameLength; ++i) {
        const std::optional<std::uint64_t> at = image_.offset_of(std::uint64_t{rva} + i, 1);
        if (!at) break;
        const char character = static_cast<char>(image_.file().bytes()[*at]);
        if (character == '\0') {
            string_bytes_ += text.size() + 1;
            if (string_bytes_ > kMaxStringBytes) return PeError::export_strings_too_large;
            return text;
        }
        text.push_back(character);
    }
    return PeError::export_name_outside_sections;
}

std::optional<PeError> ExportReader::read_functions(std::uint32_t rva, std::uint32_t count) {
    if (count > kMaxExports) return PeError::too_many_exports;
    const std::optional<std::uint64_t> offset = image_.offset_of(rva, std::uint64_t{count} * 4);
    if (count && !offset) return PeError::export_table_outside_sections;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t function = image_.file().u32(*offset + i * 4).value_or(0);
        // An address inside the directory is not code but the text of a forwarder.
        if (function >= directory_.rva && function - directory_.rva < directory_.size) {
            Result<std::string, PeError> target = read_string(function);
            if (!target) return target.error();
            table_.functions.push_back({0, std::move(*target)});
        } else {
            table_.functions.push_back({function, {}});
        }
    }
    return std::nullopt;
}

std::optional<PeError> ExportReader::read_names(std::uint32_t names_rva, std::uint32_t ordinals_rva,
                                                std::uint32_t count) {
    if (count > kMaxExports) return PeError::too_many_exports;
    const std::optional<std::uint64_t> names = image_.offset_of(names_rva, std::uint64_t{count} * 4);
    const std::optional<std::uint64_t> ordinals = image_.offset_of(ordinals_rva, std::uint64_t{count} * 2);
    if (count && (!names || !ordinals)) return PeError::export_table_outside_sections;
    std::set<std::string> seen;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint16_t index = image_.file().u16(*ordinals + i * 2).value_or(0);
        if (index >= table_.functions.size()) return PeError::export_ordinal_out_of_range;
        Result<std::string, PeError> name = read_string(image_.file().u32(*names + i * 4).value_or(0));
        if (!name) return name.error();
        if (!seen.insert(*name).second) return PeError::export_name_duplicated;
        table_.names.emplace_back(std::move(*name), index);
    }
    return std::nullopt;
}

Result<ExportTable, PeError> ExportReader::read() {
    if (image_.headers().directories.empty()) return PeError::too_few_directories;
    directory_ = image_.headers().directory(kPeDirectoryExport);
    if (directory_.rva == 0) return PeError::no_exports;
    const std::optional<std::uint64_t> offset = image_.offset_of(directory_.rva, kDirectorySize);
    if (!offset || directory_.size < kDirectorySize) return PeError::export_directory_outside_sections;

    const auto field = [&](std::uint32_t at) { return image_.file().u32(*offset + at).value_or(0); };
    table_.characteristics = field(0);
    table_.time_stamp = field(4);
    table_.version = field(8);
    table_.ordinal_base = field(16);
    Result<std::string, PeError> module_name = read_string(field(12));
    if (!module_name) return module_name.error();
    table_.module_name = std::move(*module_name);
    if (const std::optional<PeError> error = read_functions(field(28), field(20))) return *error;
    if (const std::optional<PeError> error = read_names(field(32), field(36), field(24))) return *error;
    table_.relay = find_relay_description(image_, field(12), field(20));
    return std::move(table_);
}

bool is_usable(const ExportForwarder& forwarder) {
    const std::string nul(1, '\0');
    const std::size_t dot = forwarder.target.find('.');
    return !forwarder.name.empty() && forwarder.name.size() <= kMaxNameLength &&
           forwarder.target.size() <= kMaxNameLength && forwarder.name.find(nul) == std::string::npos &&
           forwarder.target.find(nul) == std::string::npos && dot != std::string::npos && dot != 0 &&
           dot + 1 < forwarder.target.size();
}

std::optional<PeError> apply_forwarders(ExportTable& table, std::span<const ExportForwarder> forwarders) {
    std::map<std::string, std::size_t> position;  // name -> place in table.names
    std::vector<std::uint32_t> users(table.functions.size());
    for (std::size_t i = 0; i < table.names.size(); ++i) {
        position.emplace(table.names[i].first, i);
        ++users[table.names[i].second];
    }
    for (const ExportForwarder& forwarder : forwarders) {
        if (!is_usable(forwarder)) return PeError::bad_forwarder;
        const auto [known, is_new] = position.emplace(forwarder.name, table.names.size());
        if (is_new) table.names.emplace_back(forwarder.name, table.functions.size());
        std::size_t& index = table.names[known->second].second;
        // An ordinal with several names must not change under the names nobody mentioned.
        if (!is_new && index < users.size() && users[index] > 1) {
            --users[index];
            index = table.functions.size();
        }
        if (index == table.functions.size()) table.functions.emplace_back();
        table.functions[index] = {0, forwarder.target};
        if (table.relay && index < table.relay->offsets.size()) table.relay->offsets[index] = 0;
    }
    if (table.relay) table.relay->offsets.resize(table.functions.size());
    if (table.functions.size() > kMaxExports || table.names.size() > kMaxExports)
        return PeError::too_many_exports;
    return std::nullopt;
}

void put_u16(std::vector<std::uint8_t>& bytes, std::uint64_t offset, std::uint32_t value) {
    bytes[offset] = static_cast<std::uint8_t>(value);
    bytes[offset + 1] = static_cast<std::uint8_t>(value >> 8);
}

void put_u32(std::vector<std::uint8_t>& bytes, std::uint64_t offset, std::uint32_t value) {
    put_u16(bytes, offset, value);
    put_u16(bytes, offset + 2, value >> 16);
}

// The bytes of a section at address `rva` that hold `table`. The directory stands first; its size is the
// section's, so that the loader takes every address in here for a forwarder and no other.
class ExportWriter {
  public:
    ExportWriter(ExportTable table, std::uint32_t rva) : table_(std::move(table)), rva_(rva) {
        // Bytes compare as unsigned, as the loader's binary search does; std::string does the same.
        std::sort(table_.names.begin(), table_.names.end());
    }

    std::vector<std::uint8_t> write();

    // Valid after write() when the table has a relay description.
    std::uint32_t relay_offsets_rva() const { return relay_offsets_rva_; }

  private:
    std::uint32_t append_string(const std::string& text);
    void write_directory(std::uint32_t module_name_rva);
    void write_relay_mark();
    void append_relay_offsets();

    std::uint32_t functions_at() const { return kDirectorySize; }
    std::uint32_t names_at() const {
        return functions_at() + 4 * static_cast<std::uint32_t>(table_.functions.size());
    }
    std::uint32_t ordinals_at() const {
        return names_at() + 4 * static_cast<std::uint32_t>(table_.names.size());
    }
    std::uint32_t strings_at() const {
        return ordinals_at() + 2 * static_cast<std::uint32_t>(table_.names.size());
    }

    ExportTable table_;
    std::uint32_t rva_;
    std::uint32_t relay_offsets_rva_ = 0;
    std::vector<std::uint8_t> bytes_;
};

std::uint32_t ExportWriter::append_string(const std::string& text) {
    const std::uint32_t string_rva = rva_ + static_cast<std::uint32_t>(bytes_.size());
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    bytes_.push_back(0);
    return string_rva;
}

void ExportWriter::write_directory(std::uint32_t module_name_rva) {
    const std::array<std::uint32_t, 10> fields = {table_.characteristics,
                                                  table_.time_stamp,
                                                  table_.version,
                                                  module_name_rva,
                                                  table_.ordinal_base,
                                                  static_cast<std::uint32_t>(table_.functions.size()),
                                                  static_cast<std::uint32_t>(table_.names.size()),
                                                  rva_ + functions_at(),
                                                  rva_ + names_at(),
                                                  rva_ + ordinals_at()};
    for (std::size_t i = 0; i < fields.size(); ++i) put_u32(bytes_, i * 4, fields[i]);
}

// The last thing before the module's name; zeros mean that there is no description.
void ExportWriter::write_relay_mark() {
    if (!table_.relay) return;
    put_u32(bytes_, bytes_.size() - kRelayMarkSize, kRelayMark);
    put_u32(bytes_, bytes_.size() - kRelayMarkSize + 4, table_.relay->rva);
}

void ExportWriter::append_relay_offsets() {
    if (!table_.relay) return;
    std::uint64_t at = align_up(bytes_.size(), 4);
    relay_offsets_rva_ = rva_ + static_cast<std::uint32_t>(at);
    bytes_.resize(at + table_.relay->offsets.size() * 4);
    for (const std::uint32_t offset : table_.relay->offsets) {
        put_u32(bytes_, at, offset);
        at += 4;
    }
}

std::vector<std::uint8_t> ExportWriter::write() {
    bytes_.assign(align_up(strings_at(), 4) + kRelayMarkSize, 0);
    write_relay_mark();
    write_directory(append_string(table_.module_name));
    for (std::size_t i = 0; i < table_.functions.size(); ++i) {
        const ExportTable::Function& function = table_.functions[i];
        const std::uint32_t value =
            function.forwarder.empty() ? function.rva : append_string(function.forwarder);
        put_u32(bytes_, functions_at() + i * 4, value);
    }
    for (std::size_t i = 0; i < table_.names.size(); ++i) {
        put_u32(bytes_, names_at() + i * 4, append_string(table_.names[i].first));
        put_u16(bytes_, ordinals_at() + i * 2, static_cast<std::uint32_t>(table_.names[i].second));
    }
    append_relay_offsets();
    return std::move(bytes_);
}

bool has_room_for_section_header(const PeImage& image) {
    const PeHeaders& headers = image.headers();
    if (headers.section_count + 1 > kPeMaxSections) return false;
    const std::uint64_t needed = headers.section_table_end() + kPeSectionHeaderSize;
    if (needed > headers.size_of_headers || needed > image.file().size()) return false;
    // Some linkers keep data of their own between the section table and the first section.
    const auto free_space = image.file().bytes().subspan(headers.section_table_end(), kPeSectionHeaderSize);
    if (std::any_of(free_space.begin(), free_space.end(), [](std::uint8_t byte) { return byte != 0; }))
        return false;
    return std::all_of(image.sections().begin(), image.sections().end(), [&](const PeSection& section) {
        return section.rva >= needed && (!section.raw_size || section.raw_offset >= needed);
    });
}

void write_section_header(std::vector<std::uint8_t>& file, std::uint64_t at, std::uint32_t virtual_size,
                          const PeSection& section) {
    static constexpr std::array<char, 8> kName = {'.', 'a', 'l', 'p', 'c', 'e', 'x', 'p'};
    std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(at), kPeSectionHeaderSize, std::uint8_t{0});
    std::copy(kName.begin(), kName.end(), file.begin() + static_cast<std::ptrdiff_t>(at));
    put_u32(file, at + 8, virtual_size);
    put_u32(file, at + 12, section.rva);
    put_u32(file, at + 16, section.raw_size);
    put_u32(file, at + 20, section.raw_offset);
    put_u32(file, at + 36, kInitializedReadOnlyData);
}

// A copy of the image's file with `contents` as one more section that is the export directory.
Result<std::vector<std::uint8_t>, PeError> append_export_section(const PeImage& image,
                                                                 std::vector<std::uint8_t> contents) {
    const PeHeaders& headers = image.headers();
    const std::uint32_t virtual_size = static_cast<std::uint32_t>(contents.size());
    contents.resize(align_up(contents.size(), headers.file_alignment));
    // Whatever follows the sections in the file (symbols, long section names) keeps its place.
    const std::uint64_t raw_offset = align_up(image.file().size(), headers.file_alignment);
    const std::uint64_t rva = image.end_rva();
    const std::uint64_t size_of_image = align_up(rva + virtual_size, headers.section_alignment);
    if (size_of_image > kMaxImageSize || raw_offset + contents.size() > kMaxImageSize)
        return PeError::image_too_large;

    std::vector<std::uint8_t> file(image.file().bytes().begin(), image.file().bytes().end());
    write_section_header(file, headers.section_table_end(), virtual_size,
                         {.rva = static_cast<std::uint32_t>(rva),
                          .virtual_size = virtual_size,
                          .raw_offset = static_cast<std::uint32_t>(raw_offset),
                          .raw_size = static_cast<std::uint32_t>(contents.size())});
    put_u16(file, headers.section_count_offset, headers.section_count + 1);
    put_u32(file, headers.size_of_image_offset, static_cast<std::uint32_t>(size_of_image));
    put_u32(file, headers.directories_offset, static_cast<std::uint32_t>(rva));
    put_u32(file, headers.directories_offset + 4, virtual_size);
    // A signature covers the whole file and cannot survive the change.
    if (headers.directories.size() > kPeDirectorySecurity) {
        put_u32(file, headers.directories_offset + kPeDirectorySecurity * 8, 0);
        put_u32(file, headers.directories_offset + kPeDirectorySecurity * 8 + 4, 0);
    }
    file.resize(raw_offset);
    file.insert(file.end(), contents.begin(), contents.end());
    return file;
}

void put_address(std::vector<std::uint8_t>& file, std::uint64_t at, const PeHeaders& headers,
                 std::uint32_t rva) {
    const std::uint64_t address = headers.image_base + rva;
    put_u32(file, at, static_cast<std::uint32_t>(address));
    if (headers.is_64bit) put_u32(file, at + 4, static_cast<std::uint32_t>(address >> 32));
}

}  // namespace

Result<ExportTable, PeError> read_export_table(const PeImage& image) {
    return ExportReader(image).read();
}

Result<std::vector<std::uint8_t>, PeError> add_export_forwarders(
    std::span<const std::uint8_t> file, std::span<const ExportForwarder> forwarders) {
    const Result<PeImage, PeError> image = PeImage::parse(ByteView(file));
    if (!image) return image.error();
    Result<ExportTable, PeError> table = read_export_table(*image);
    if (!table) return table.error();
    if (!has_room_for_section_header(*image)) return PeError::no_room_for_section_header;
    if (const std::optional<PeError> error = apply_forwarders(*table, forwarders)) return *error;
    if (image->end_rva() >= kMaxImageSize) return PeError::image_too_large;
    // What lies there now would become the text of a forwarder.
    for (const ExportTable::Function& function : table->functions) {
        if (function.rva >= image->end_rva()) return PeError::export_behind_image;
    }
    ExportWriter writer(*table, static_cast<std::uint32_t>(image->end_rva()));
    Result<std::vector<std::uint8_t>, PeError> extended = append_export_section(*image, writer.write());
    if (!extended) return extended;
    const PeHeaders& headers = image->headers();
    // The pointer has its base relocation already.
    if (table->relay)
        put_address(*extended, table->relay->offsets_pointer, headers, writer.relay_offsets_rva());
    put_u32(*extended, headers.checksum_offset, pe_checksum(*extended, headers.checksum_offset));
    return extended;
}

std::uint32_t pe_checksum(std::span<const std::uint8_t> file, std::uint64_t checksum_offset) {
    // The sum of all 16-bit words with the carry added back, the field itself taken as zero, plus the file's
    // size.
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < file.size(); i += 2) {
        if (i >= checksum_offset && i < checksum_offset + 4) continue;
        sum += file[i] | (i + 1 < file.size() ? std::uint32_t{file[i + 1]} << 8 : 0);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint32_t>(sum + file.size());
}

}  // namespace ntalpc
