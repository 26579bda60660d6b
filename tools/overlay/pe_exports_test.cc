// SPDX-License-Identifier: LGPL-2.1-or-later
// Tests of the export table rewriter, on files made here and on broken variants of them.
#include "overlay/pe_exports.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace ntalpc {
namespace {

using Bytes = std::vector<std::uint8_t>;

void put(Bytes& bytes, std::size_t offset, std::uint64_t value, std::size_t size) {
    if (bytes.size() < offset + size) bytes.resize(offset + size);
    for (std::size_t i = 0; i < size; ++i) bytes[offset + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

std::uint32_t get32(const Bytes& bytes, std::size_t offset) {
    return ByteView(bytes).u32(offset).value();
}

// A small DLL: code at RVA 0x1000, exports at 0x2000, a debug section behind, and symbols after the sections.
struct SampleLayout {
    bool is_64bit = true;
    std::uint32_t size_of_headers = 0x400;
    std::uint32_t section_count = 3;
};

constexpr std::size_t kPeOffset = 0x80;
constexpr std::size_t kOptional = kPeOffset + 24;
constexpr std::size_t kExportsRaw = 0x600;
constexpr std::uint32_t kExportsRva = 0x2000;
constexpr std::size_t kBuiltinMark = 0x40;
const char kBuiltinText[] = "Wine builtin DLL";

std::size_t directories_at(bool is_64bit) {
    return kOptional + (is_64bit ? 112 : 96);
}
std::size_t section_table_at(bool is_64bit) {
    return directories_at(is_64bit) + 128;
}

void put_section(Bytes& file, std::size_t at, const char* name, std::uint32_t rva, std::uint32_t raw) {
    std::copy(name, name + std::strlen(name), file.begin() + static_cast<std::ptrdiff_t>(at));
    put(file, at + 8, 0x180, 4);
    put(file, at + 12, rva, 4);
    put(file, at + 16, 0x200, 4);
    put(file, at + 20, raw, 4);
    put(file, at + 36, 0x40000040, 4);
}

std::uint32_t put_text(Bytes& file, std::size_t& at, const std::string& text) {
    std::copy(text.begin(), text.end(), file.begin() + static_cast<std::ptrdiff_t>(at));
    const std::uint32_t rva = static_cast<std::uint32_t>(at - kExportsRaw + kExportsRva);
    at += text.size() + 1;
    return rva;
}

// Ordinals from 10: [0] Alpha, [1] without name, [2] Gone -> other.Thing, [3] unused, [4] NtShared =
// ZwShared.
void put_exports(Bytes& file) {
    const std::size_t functions = kExportsRaw + 40, names = functions + 20, ordinals = names + 16;
    std::size_t text = ordinals + 8;
    put(file, kExportsRaw + 4, 0x12345678, 4);
    put(file, kExportsRaw + 12, put_text(file, text, "sample.dll"), 4);
    put(file, kExportsRaw + 16, 10, 4);
    put(file, kExportsRaw + 20, 5, 4);
    put(file, kExportsRaw + 24, 4, 4);
    put(file, kExportsRaw + 28, kExportsRva + 40, 4);
    put(file, kExportsRaw + 32, kExportsRva + 60, 4);
    put(file, kExportsRaw + 36, kExportsRva + 76, 4);
    const std::uint32_t forwarder = put_text(file, text, "other.Thing");
    const std::uint32_t values[] = {0x1010, 0x1020, forwarder, 0, 0x1040};
    for (std::size_t i = 0; i < 5; ++i) put(file, functions + i * 4, values[i], 4);
    const std::pair<const char*, int> named[] = {{"Alpha", 0}, {"Gone", 2}, {"NtShared", 4}, {"ZwShared", 4}};
    for (std::size_t i = 0; i < 4; ++i) {
        put(file, names + i * 4, put_text(file, text, named[i].first), 4);
        put(file, ordinals + i * 2, static_cast<std::uint64_t>(named[i].second), 2);
    }
}

Bytes make_sample(SampleLayout layout = {}) {
    Bytes file(0xa00);
    std::copy(kBuiltinText, std::end(kBuiltinText), file.begin() + kBuiltinMark);
    put(file, 0, 0x5a4d, 2);
    put(file, 0x3c, kPeOffset, 4);
    put(file, kPeOffset, 0x4550, 4);
    put(file, kPeOffset + 4, layout.is_64bit ? kPeMachineAmd64 : kPeMachineI386, 2);
    put(file, kPeOffset + 6, layout.section_count, 2);
    put(file, kPeOffset + 20, section_table_at(layout.is_64bit) - kOptional, 2);
    put(file, kOptional, layout.is_64bit ? 0x20b : 0x10b, 2);
    put(file, kOptional + 32, 0x1000, 4);
    put(file, kOptional + 36, 0x200, 4);
    put(file, kOptional + 56, 0x4000, 4);
    put(file, kOptional + 60, layout.size_of_headers, 4);
    const std::size_t directories = directories_at(layout.is_64bit);
    put(file, directories - 4, 16, 4);
    put(file, directories, kExportsRva, 4);
    put(file, directories + 4, 0x180, 4);
    put(file, directories + kPeDirectorySecurity * 8, 0xa00, 4);
    const std::size_t sections = section_table_at(layout.is_64bit);
    put_section(file, sections, ".text", 0x1000, 0x400);
    put_section(file, sections + 40, ".edata", kExportsRva, kExportsRaw);
    put_section(file, sections + 80, "/4", 0x3000, 0x800);
    put_exports(file);
    const char symbols[] = "symbols and long section names";
    file.insert(file.end(), symbols, std::end(symbols));
    return file;
}

const ExportForwarder kForwarders[] = {{"NtNew", "shim.NtNew"}, {"Alpha", "shim.Alpha"}};

ExportTable exports_of(const Bytes& file) {
    const Result<PeImage, PeError> image = PeImage::parse(ByteView(file));
    EXPECT_TRUE(image) << describe(image.error());
    const Result<ExportTable, PeError> table = read_export_table(*image);
    EXPECT_TRUE(table) << describe(table.error());
    return *table;
}

const ExportTable::Function* find(const ExportTable& table, const std::string& name) {
    for (const auto& [text, index] : table.names) {
        if (text == name) return &table.functions[index];
    }
    return nullptr;
}

PeError refusal_of(const Bytes& file, std::span<const ExportForwarder> forwarders = kForwarders) {
    const Result<Bytes, PeError> result = add_export_forwarders(file, forwarders);
    EXPECT_FALSE(result);
    return result ? PeError::not_a_pe_file : result.error();
}

class PeExports : public testing::TestWithParam<bool> {
  protected:
    Bytes sample() const { return make_sample({.is_64bit = GetParam()}); }
    Bytes rewritten(std::span<const ExportForwarder> forwarders = kForwarders) const {
        const Result<Bytes, PeError> result = add_export_forwarders(sample(), forwarders);
        EXPECT_TRUE(result) << describe(result.error());
        return result ? *result : Bytes();
    }
};

TEST_P(PeExports, ReadsWhatTheSampleExports) {
    const ExportTable table = exports_of(sample());
    EXPECT_EQ(table.module_name, "sample.dll");
    EXPECT_EQ(table.ordinal_base, 10u);
    ASSERT_EQ(table.functions.size(), 5u);
    EXPECT_EQ(table.functions[1].rva, 0x1020u);
    EXPECT_EQ(table.functions[2].forwarder, "other.Thing");
    EXPECT_EQ(table.names.size(), 4u);
}

TEST_P(PeExports, KeepsEverythingThatWasExported) {
    const ExportTable table = exports_of(rewritten());
    EXPECT_EQ(table.module_name, "sample.dll");
    EXPECT_EQ(table.time_stamp, 0x12345678u);
    EXPECT_EQ(table.ordinal_base, 10u);
    ASSERT_EQ(table.functions.size(), 6u);
    EXPECT_EQ(table.functions[1].rva, 0x1020u);
    EXPECT_EQ(table.functions[3].rva, 0u);
    EXPECT_EQ(find(table, "Gone")->forwarder, "other.Thing");
    EXPECT_EQ(find(table, "NtShared")->rva, 0x1040u);
    EXPECT_EQ(find(table, "NtShared"), find(table, "ZwShared"));
}

TEST_P(PeExports, ForwardsNewNamesAndReplacesKnownOnesAtTheirOrdinal) {
    const ExportTable table = exports_of(rewritten());
    EXPECT_EQ(find(table, "NtNew")->forwarder, "shim.NtNew");
    EXPECT_EQ(find(table, "NtNew"), &table.functions[5]);
    EXPECT_EQ(find(table, "Alpha")->forwarder, "shim.Alpha");
    EXPECT_EQ(find(table, "Alpha"), &table.functions[0]);
}

TEST_P(PeExports, SortsNamesByteWise) {
    const ExportForwarder forwarders[] = {{"a", "m.a"}, {"Z", "m.Z"}, {"_", "m._"}, {"\xc3\xa9", "m.e"}};
    const ExportTable table = exports_of(rewritten(forwarders));
    EXPECT_TRUE(std::is_sorted(table.names.begin(), table.names.end()));
    EXPECT_EQ(table.names.back().first, "\xc3\xa9");
}

TEST_P(PeExports, ChangesOneOfTwoNamesOfAnOrdinalOnly) {
    const ExportForwarder forwarders[] = {{"NtShared", "shim.NtShared"}};
    const ExportTable table = exports_of(rewritten(forwarders));
    EXPECT_EQ(find(table, "NtShared")->forwarder, "shim.NtShared");
    EXPECT_EQ(find(table, "ZwShared")->rva, 0x1040u);
    EXPECT_EQ(table.functions[4].rva, 0x1040u);
}

TEST_P(PeExports, LeavesTheOriginalBytesApartFromTheHeaders) {
    const Bytes before = sample(), after = rewritten();
    EXPECT_TRUE(std::equal(before.begin() + 0x400, before.end(), after.begin() + 0x400));
    EXPECT_TRUE(std::equal(before.begin(), before.begin() + kPeOffset, after.begin()));
    EXPECT_STREQ(reinterpret_cast<const char*>(&after[kBuiltinMark]), kBuiltinText);
}

// The new section is put there, and its texts are not what the module exported.
TEST_P(PeExports, RefusesAnAddressBehindTheImage) {
    Bytes file = sample();
    put(file, kExportsRaw + 40 + 4, 0x4010, 4);
    EXPECT_EQ(refusal_of(file), PeError::export_behind_image);
    put(file, kExportsRaw + 40 + 4, 0x3ff0, 4);
    EXPECT_TRUE(add_export_forwarders(file, kForwarders));
}

// A section may have more bytes in the file than it has addresses.
TEST_P(PeExports, AddressesBehindASectionAreNotItsOwn) {
    Bytes file = sample();
    put(file, kOptional + 32, 0x10, 4);
    put(file, kOptional + 36, 0x10, 4);
    put(file, section_table_at(GetParam()) + 80 + 8, 0x100, 4);
    const Result<Bytes, PeError> result = add_export_forwarders(file, kForwarders);
    ASSERT_TRUE(result) << describe(result.error());
    const ExportTable table = exports_of(*result);
    ASSERT_EQ(table.functions.size(), 6u);
    EXPECT_EQ(find(table, "NtNew")->forwarder, "shim.NtNew");
}

TEST_P(PeExports, AccountsForTheNewSection) {
    const Bytes after = rewritten();
    const Result<PeImage, PeError> image = PeImage::parse(ByteView(after));
    ASSERT_TRUE(image);
    ASSERT_EQ(image->sections().size(), 4u);
    const PeSection section = image->sections().back();
    EXPECT_EQ(section.rva, 0x4000u);
    EXPECT_EQ(section.raw_offset % 0x200, 0u);
    EXPECT_EQ(section.raw_offset + section.raw_size, after.size());
    EXPECT_EQ(get32(after, kOptional + 56), 0x5000u);
    EXPECT_EQ(image->headers().directory(kPeDirectoryExport).rva, section.rva);
    EXPECT_EQ(image->headers().directory(kPeDirectorySecurity).rva, 0u);
    EXPECT_EQ(get32(after, kOptional + 64), pe_checksum(after, kOptional + 64));
}

TEST_P(PeExports, AddsAnotherSectionWhenDoneTwice) {
    const Result<Bytes, PeError> twice = add_export_forwarders(rewritten(), kForwarders);
    ASSERT_TRUE(twice) << describe(twice.error());
    const ExportTable table = exports_of(*twice);
    EXPECT_EQ(table.functions.size(), 6u);
    EXPECT_EQ(find(table, "NtNew")->forwarder, "shim.NtNew");
}

// In the sample: the mark is put before a second copy of the module's name, description and numbers behind
// it.
class PeRelay : public PeExports {
  protected:
    static constexpr std::size_t kMark = kExportsRaw + 0x100, kDescription = 0x440, kNumbers = 0x480;

    Bytes described() const {
        Bytes file = sample();
        const std::string name = "sample.dll";
        put(file, kMark, kRelayMark, 4);
        put(file, kMark + 4, 0x1040, 4);
        std::copy(name.begin(), name.end(), file.begin() + kMark + 8);
        put(file, kExportsRaw + 12, kExportsRva + 0x108, 4);
        put(file, kDescription, kRelayMark, 4);
        put(file, pointer(), kImageBase + 0x1080, GetParam() ? 8 : 4);
        put(file, kOptional + (GetParam() ? 24 : 28), kImageBase, GetParam() ? 8 : 4);
        for (std::uint32_t i = 0; i < 5; ++i) put(file, kNumbers + i * 4, 0x11 * (i + 1), 4);
        return file;
    }
    std::size_t pointer() const { return kDescription + 4 * (GetParam() ? 8 : 4); }
    static constexpr std::uint32_t kImageBase = 0x7b000000;
};

TEST_P(PeRelay, FitsTheChangedOrdinals) {
    const Result<Bytes, PeError> result = add_export_forwarders(described(), kForwarders);
    ASSERT_TRUE(result) << describe(result.error());
    const ExportTable table = exports_of(*result);
    ASSERT_TRUE(table.relay);
    EXPECT_EQ(table.relay->rva, 0x1040u);
    // Alpha has become a forwarder, NtNew is new: both cannot be traced.
    EXPECT_EQ(table.relay->offsets, (std::vector<std::uint32_t>{0, 0x22, 0x33, 0x44, 0x55, 0}));
    EXPECT_GE(get32(*result, pointer()), kImageBase + 0x4000);
}

TEST_P(PeRelay, IsDroppedWhenItMakesNoSense) {
    const auto survives = [&](std::size_t offset, std::uint64_t value) {
        Bytes file = described();
        put(file, offset, value, 4);
        const Result<Bytes, PeError> result = add_export_forwarders(file, kForwarders);
        return result && exports_of(*result).relay;
    };
    EXPECT_TRUE(survives(kMark, kRelayMark));
    EXPECT_FALSE(survives(kMark, 0));
    EXPECT_FALSE(survives(kMark + 4, 0xfffffff0));
    EXPECT_FALSE(survives(kDescription, 1));
    EXPECT_FALSE(survives(pointer(), 0));
    EXPECT_FALSE(survives(pointer(), kImageBase + 0x11f0));
}

INSTANTIATE_TEST_SUITE_P(Formats, PeRelay, testing::Values(true, false),
                         [](const auto& parameter) { return parameter.param ? "Pe32Plus" : "Pe32"; });

TEST_P(PeExports, RefusesAFileWithoutRoomForASectionHeader) {
    Bytes file = make_sample({.is_64bit = GetParam(),
                              .size_of_headers = static_cast<std::uint32_t>(section_table_at(GetParam()) +
                                                                            3 * kPeSectionHeaderSize)});
    EXPECT_EQ(refusal_of(file), PeError::no_room_for_section_header);
    file = sample();
    file[section_table_at(GetParam()) + 3 * kPeSectionHeaderSize + 39] = 1;
    EXPECT_EQ(refusal_of(file), PeError::no_room_for_section_header);
}

TEST_P(PeExports, RefusesBrokenHeaders) {
    const auto with = [&](std::size_t offset, std::uint64_t value, std::size_t size) {
        Bytes file = sample();
        put(file, offset, value, size);
        return refusal_of(file);
    };
    EXPECT_EQ(with(0, 0, 2), PeError::not_a_pe_file);
    EXPECT_EQ(with(0x3c, 0xfffffff0, 4), PeError::not_a_pe_file);
    EXPECT_EQ(with(kOptional, 0x107, 2), PeError::unknown_optional_header);
    EXPECT_EQ(with(kPeOffset + 20, 90, 2), PeError::headers_truncated);
    EXPECT_EQ(with(kPeOffset + 20, 0xffff, 2), PeError::headers_truncated);
    EXPECT_EQ(with(kPeOffset + 6, 0, 2), PeError::bad_section_count);
    EXPECT_EQ(with(kPeOffset + 6, 0xffff, 2), PeError::bad_section_count);
    EXPECT_EQ(with(kOptional + 32, 0, 4), PeError::bad_alignment);
    EXPECT_EQ(with(kOptional + 32, 0x1001, 4), PeError::bad_alignment);
    EXPECT_EQ(with(kOptional + 36, 0x80000000, 4), PeError::bad_alignment);
    EXPECT_EQ(with(directories_at(GetParam()) - 4, 0, 4), PeError::too_few_directories);
    const std::size_t sections = section_table_at(GetParam());
    EXPECT_EQ(with(sections + 16, 0xffffffff, 4), PeError::section_outside_file);
    EXPECT_EQ(with(sections + 20, kExportsRaw, 4), PeError::sections_overlap);
    EXPECT_EQ(with(sections + 8, 0x1001, 4), PeError::sections_overlap);
    EXPECT_EQ(with(sections + 80 + 8, 0xffffffff, 4), PeError::image_too_large);
}

TEST_P(PeExports, RefusesBrokenExportTables) {
    const auto with = [&](std::size_t offset, std::uint64_t value, std::size_t size) {
        Bytes file = sample();
        put(file, offset, value, size);
        return refusal_of(file);
    };
    EXPECT_EQ(with(directories_at(GetParam()), 0, 4), PeError::no_exports);
    EXPECT_EQ(with(directories_at(GetParam()), 0x21f0, 4), PeError::export_directory_outside_sections);
    EXPECT_EQ(with(directories_at(GetParam()) + 4, 39, 4), PeError::export_directory_outside_sections);
    EXPECT_EQ(with(kExportsRaw + 12, 0x9000, 4), PeError::export_name_outside_sections);
    EXPECT_EQ(with(kExportsRaw + 20, 0xffffffff, 4), PeError::too_many_exports);
    EXPECT_EQ(with(kExportsRaw + 24, 0xffffffff, 4), PeError::too_many_exports);
    EXPECT_EQ(with(kExportsRaw + 28, 0x21fc, 4), PeError::export_table_outside_sections);
    EXPECT_EQ(with(kExportsRaw + 36, 0xfffffffe, 4), PeError::export_table_outside_sections);
    EXPECT_EQ(with(kExportsRaw + 40 + 20 + 16, 5, 2), PeError::export_ordinal_out_of_range);
    Bytes file = sample();
    std::copy_n(file.begin() + kExportsRaw + 60, 4, file.begin() + kExportsRaw + 64);
    EXPECT_EQ(refusal_of(file), PeError::export_name_duplicated);
}

TEST_P(PeExports, RefusesUnusableForwarders) {
    for (const ExportForwarder& forwarder : {ExportForwarder{"", "m.n"},
                                             {"n", "mn"},
                                             {"n", ".n"},
                                             {"n", "m."},
                                             {std::string("n\0x", 3), "m.n"}}) {
        EXPECT_EQ(refusal_of(sample(), std::span(&forwarder, 1)), PeError::bad_forwarder) << forwarder.name;
    }
}

TEST_P(PeExports, SurvivesEveryTruncation) {
    const Bytes file = sample();
    for (std::size_t length = 0; length < 0xa00; ++length) {
        EXPECT_FALSE(add_export_forwarders(std::span(file).first(length), kForwarders)) << length;
    }
}

// Whatever is accepted must be readable again.
TEST_P(PeExports, SurvivesRandomDamage) {
    std::mt19937 random(20240229);
    for (int round = 0; round < 20000; ++round) {
        Bytes file = sample();
        for (int i = 0; i < 4; ++i) {
            const std::size_t offset =
                random() % 2 ? kPeOffset + random() % 0x200 : kExportsRaw + random() % 0x100;
            file[offset] = static_cast<std::uint8_t>(random());
        }
        const Result<Bytes, PeError> result = add_export_forwarders(file, kForwarders);
        if (!result) continue;
        const Result<PeImage, PeError> image = PeImage::parse(ByteView(*result));
        ASSERT_TRUE(image) << describe(image.error());
        ASSERT_TRUE(read_export_table(*image));
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, PeExports, testing::Values(true, false),
                         [](const auto& parameter) { return parameter.param ? "Pe32Plus" : "Pe32"; });

TEST(PeChecksum, AddsWordsWithCarryAndTheSizeButNotItsOwnField) {
    const Bytes file = {0x01, 0x00, 0xff, 0xff, 0xaa, 0xbb, 0xcc, 0xdd, 0x02};
    EXPECT_EQ(pe_checksum(file, 4), 3u + file.size());
}

// Names may share their ends in the file, so that a small file can ask for a lot of memory: three runs of
// 4000 bytes with a name beginning at each of them.
TEST(PeExportsLimits, RefusesNamesThatOverlapIntoMegabytes) {
    constexpr std::uint32_t kRunLength = 4000, kCount = 3 * kRunLength;
    Bytes file = make_sample();
    const std::size_t names = file.size(), ordinals = names + kCount * 4, text = ordinals + kCount * 2;
    file.resize(align_up(text + kCount + 3, 0x200));
    const auto rva = [](std::size_t offset) { return static_cast<std::uint32_t>(offset - 0x800 + 0x3000); };
    for (std::uint32_t i = 0; i < kCount; ++i) {
        const std::size_t at = text + i + i / kRunLength;
        file[at] = static_cast<std::uint8_t>('x' + i / kRunLength);
        put(file, names + i * 4, rva(at), 4);
    }
    const std::size_t last_section = section_table_at(true) + 80;
    put(file, last_section + 8, file.size() - 0x800, 4);
    put(file, last_section + 16, file.size() - 0x800, 4);
    put(file, kExportsRaw + 24, kCount, 4);
    put(file, kExportsRaw + 32, rva(names), 4);
    put(file, kExportsRaw + 36, rva(ordinals), 4);
    EXPECT_EQ(refusal_of(file), PeError::export_strings_too_large);
    put(file, kExportsRaw + 24, kRunLength, 4);
    EXPECT_TRUE(add_export_forwarders(file, kForwarders));
}

// The real thing, where Wine is installed: Debian's place first, then upstream's.
TEST(PeExportsOfWine, RewritesTheInstalledNtdll) {
    std::ifstream input("/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/ntdll.dll", std::ios::binary);
    if (!input) input.open("/usr/lib/wine/x86_64-windows/ntdll.dll", std::ios::binary);
    if (!input) GTEST_SKIP() << "no Wine in the usual places";
    const Bytes before((std::istreambuf_iterator<char>(input)), std::istreambuf_iterator<char>());
    const ExportForwarder forwarders[] = {{"NtAlpcCreatePort", "ntdll_alpc.NtAlpcCreatePort"}};
    const Result<Bytes, PeError> after = add_export_forwarders(before, forwarders);
    ASSERT_TRUE(after) << describe(after.error());
    const ExportTable old_table = exports_of(before), new_table = exports_of(*after);
    EXPECT_EQ(find(new_table, "NtAlpcCreatePort")->forwarder, "ntdll_alpc.NtAlpcCreatePort");
    for (const auto& [name, index] : old_table.names) {
        if (name == "NtAlpcCreatePort") continue;
        ASSERT_NE(find(new_table, name), nullptr) << name;
        EXPECT_EQ(find(new_table, name)->rva, old_table.functions[index].rva) << name;
    }
    EXPECT_EQ(old_table.relay.has_value(), new_table.relay.has_value());
}

}  // namespace
}  // namespace ntalpc
