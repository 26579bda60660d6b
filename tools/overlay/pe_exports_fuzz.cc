// SPDX-License-Identifier: LGPL-2.1-or-later
// Arbitrary bytes as a PE file: it is refused, or what comes out exports all that it did at the same ordinals
// and forwards the names it was told to.
//
// Longest input: 4096
// Built from: tools/overlay/pe_exports.cc tools/overlay/pe_image.cc tools/overlay/pe_relay.cc
#include <algorithm>
#include <map>

#include "fuzz/input.h"
#include "overlay/pe_exports.h"

namespace ntalpc {

namespace {

using fuzz::require;
using Bytes = std::vector<std::uint8_t>;

const ExportForwarder kForwarders[] = {
    {"NtNew", "shim.NtNew"}, {"Alpha", "shim.Alpha"}, {"NtShared", "shim.#7"}};
// Sections of the output are filled up to it, which takes time and shows nothing.
constexpr std::uint32_t kLargestAlignment = 0x1000;

const ExportForwarder* forwarder_of(const std::string& name) {
    const auto found = std::ranges::find(kForwarders, name, &ExportForwarder::name);
    return found == std::end(kForwarders) ? nullptr : found;
}

bool same(const ExportTable::Function& a, const ExportTable::Function& b) {
    return a.rva == b.rva && a.forwarder == b.forwarder;
}

void compare(const ExportTable& before, const ExportTable& after) {
    require(after.module_name == before.module_name && after.ordinal_base == before.ordinal_base,
            "the module keeps its name and its ordinals");
    require(after.functions.size() >= before.functions.size(), "no ordinal is lost");
    require(std::ranges::is_sorted(after.names), "the names are sorted");
    std::map<std::string, std::size_t> found(after.names.begin(), after.names.end());
    std::vector<bool> changed(before.functions.size());
    for (const auto& [name, index] : before.names) {
        require(found.contains(name), "no name is lost");
        if (forwarder_of(name))
            changed[index] = true;
        else
            require(found[name] == index, "a name keeps its ordinal");
    }
    for (std::size_t i = 0; i < before.functions.size(); ++i)
        require(changed[i] || same(before.functions[i], after.functions[i]), "an ordinal keeps its function");
    for (const ExportForwarder& forwarder : kForwarders) {
        require(found.contains(forwarder.name), "a new name is there");
        require(after.functions[found[forwarder.name]].forwarder == forwarder.target, "it is forwarded");
    }
}

void rewrite(std::span<const std::uint8_t> file) {
    const Result<PeHeaders, PeError> headers = read_pe_headers(ByteView(file));
    if (headers && headers->file_alignment > kLargestAlignment) return;
    const Result<Bytes, PeError> made = add_export_forwarders(file, kForwarders);
    if (!made) return require(describe(made.error())[0] != '\0', "what is refused has a reason");
    const Result<PeImage, PeError> before = PeImage::parse(ByteView(file)),
                                   after = PeImage::parse(ByteView(*made));
    require(after && after->sections().size() == before->sections().size() + 1, "what comes out is an image");
    const Result<ExportTable, PeError> exports = read_export_table(*after);
    require(static_cast<bool>(exports), "what comes out has exports");
    compare(*read_export_table(*before), *exports);
}

}  // namespace

}  // namespace ntalpc

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ntalpc::rewrite({data, size});
    return 0;
}
