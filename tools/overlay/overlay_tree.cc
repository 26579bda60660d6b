// SPDX-License-Identifier: LGPL-2.1-or-later
// Fills a directory with an overlay of an installed Wine. File system errors travel as exceptions inside this
// file, and leave it as one sentence.
#include "overlay/overlay_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "ntalpc/unique_fd.h"

namespace ntalpc {
namespace {

namespace fs = std::filesystem;

// Programs that find the rest of Wine from where they are themselves.
const std::set<std::string> kSelfLocating = {"wine", "wine64", "wine-preloader", "wine64-preloader",
                                             "ntdll.so"};

bool is_elf_file(const fs::path& path) {
    char head[4] = {};
    std::ifstream(path, std::ios::binary).read(head, sizeof(head));
    return std::equal(head, head + 4, "\177ELF");
}

// A machine that stops right after the rename must not leave a complete-looking overlay with empty files.
void write_through(const fs::path& path) {
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file || fsync(file.get()))
        throw fs::filesystem_error("fsync", path, {errno, std::generic_category()});
}

void copy_real_file(const fs::path& from, const fs::path& to) {
    fs::copy_file(from, to);
    write_through(to);
}

// Links to every entry of `source` that `wanted` accepts, except for the self-locating binaries, which are
// copied.
template <typename Predicate>
void mirror_entries(const fs::path& source, const fs::path& target, Predicate wanted) {
    fs::create_directories(target);
    for (const fs::directory_entry& entry : fs::directory_iterator(source)) {
        const std::string name = entry.path().filename();
        if (!wanted(name)) continue;
        if (kSelfLocating.contains(name) && is_elf_file(entry.path())) {
            copy_real_file(fs::canonical(entry.path()), target / name);
        } else {
            fs::create_symlink(entry.path(), target / name);
        }
    }
}

bool everything(const std::string&) {
    return true;
}

// The loader's directory may be /usr/bin: only Wine's own programs are needed there.
bool is_wine_program(const std::string& name) {
    return name.starts_with("wine");
}

bool is_unix_directory(const std::string& name) {
    return name.ends_with("-unix");
}

// A directory with x86_64-unix, i386-windows and so on in it.
void mirror_dll_directory(const fs::path& source, const fs::path& target, const WineLayout& wine) {
    mirror_entries(source, target, [&](const std::string& name) {
        return !is_unix_directory(name) && source / name != wine.windows_dir;
    });
    for (const fs::directory_entry& entry : fs::directory_iterator(source)) {
        const std::string name = entry.path().filename();
        if (!entry.is_directory()) continue;
        if (is_unix_directory(name) || entry.path() == wine.windows_dir)
            mirror_entries(entry.path(), target / name, everything);
    }
}

void replace_with_copy(const fs::path& from, const fs::path& to) {
    fs::remove(to);
    copy_real_file(from, to);
}

Result<Done> write_forwarding_ntdll(const OverlayRequest& request, const fs::path& target) {
    const fs::path source = request.wine.windows_dir / "ntdll.dll";
    std::ifstream input(source, std::ios::binary);
    const std::vector<std::uint8_t> original((std::istreambuf_iterator<char>(input)),
                                             std::istreambuf_iterator<char>());
    const Result<std::vector<std::uint8_t>, PeError> changed =
        add_export_forwarders(original, request.forwarders);
    if (!changed) {
        return Failure{"Wine's '" + source.string() + "' cannot be extended: " + describe(changed.error()) +
                       "; reinstall Wine, and if that does not help, use another version of it."};
    }
    fs::remove(target);
    std::ofstream output(target, std::ios::binary);
    output.write(reinterpret_cast<const char*>(changed->data()),
                 static_cast<std::streamsize>(changed->size()));
    output.close();
    if (!output) throw fs::filesystem_error("write", target, {errno, std::generic_category()});
    write_through(target);
    return Done{};
}

Result<Done> fill(const OverlayRequest& request, const fs::path& target) {
    const WineLayout& wine = request.wine;
    std::vector<fs::path> dll_dirs = {wine.dll_dir};
    for (const fs::path& directory : wine.i386_dll_dirs) {
        if (directory != wine.dll_dir) dll_dirs.push_back(directory);
    }
    for (const fs::path& directory : dll_dirs)
        mirror_dll_directory(directory, in_overlay(target, wine, directory), wine);
    mirror_entries(wine.bin_dir, in_overlay(target, wine, wine.bin_dir), is_wine_program);

    const fs::path share = in_overlay(target, wine, wine.share_dir);
    fs::create_directories(share.parent_path());
    fs::create_directory_symlink(wine.share_dir, share);

    replace_with_copy(request.pe_half, in_overlay(target, wine, wine.windows_dir) / "ntdll_alpc.dll");
    replace_with_copy(request.unix_half, in_overlay(target, wine, wine.unix_dir) / "ntdll_alpc.so");
    replace_with_copy(request.keeper, in_overlay(target, wine, wine.windows_dir) / "ntalpc_keeper.exe");
    return write_forwarding_ntdll(request, in_overlay(target, wine, wine.windows_dir) / "ntdll.dll");
}

}  // namespace

fs::path in_overlay(const fs::path& overlay, const WineLayout& wine, const fs::path& installed) {
    return overlay / installed.lexically_relative(wine.root);
}

Result<Done> build_overlay_tree(const OverlayRequest& request, const fs::path& target) {
    try {
        return fill(request, target);
    } catch (const fs::filesystem_error& error) {
        const fs::path& path = error.path2().empty() ? error.path1() : error.path2();
        return Failure{"Cannot build the overlay of Wine: '" + path.string() +
                       "': " + error.code().message() + "; make room in, or access to, '" +
                       target.parent_path().string() + "', or set XDG_CACHE_HOME to another directory."};
    }
}

}  // namespace ntalpc
