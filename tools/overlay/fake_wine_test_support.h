// SPDX-License-Identifier: LGPL-2.1-or-later
// For tests: a temporary directory, and installations of Wine in it that consist of little more than names.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace ntalpc::testing_support {

class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "ntalpc test \xc3\xa9 XXXXXX").string();
        if (!mkdtemp(name.data())) ADD_FAILURE() << "no temporary directory";
        path_ = std::filesystem::canonical(name);
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

inline void write_file(const std::filesystem::path& path, const std::string& contents,
                       bool executable = false) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << contents;
    if (executable) std::filesystem::permissions(path, std::filesystem::perms(0755));
}

inline std::string contents_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The first bytes of an ELF program, enough for those who look at its kind.
inline std::string elf_head(bool is_64bit) {
    std::string head(64, '\0');
    head.replace(0, 4, "\177ELF");
    head[4] = is_64bit ? 2 : 1;
    head[18] = is_64bit ? 62 : 3;
    return head;
}

inline void put_little_endian(std::string& bytes, std::size_t offset, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) bytes[offset + i] = static_cast<char>(value >> (8 * i));
}

// A PE file of `machine` with one section, in which the export directory says: ntdll.dll exports nothing.
inline std::string pe_file(std::uint16_t machine) {
    const bool is_64bit = machine == 0x8664;
    const std::size_t optional = 0x98, directories = optional + (is_64bit ? 112 : 96),
                      section = directories + 128;
    std::string file(0x600, '\0');
    file.replace(0, 2, "MZ");
    put_little_endian(file, 0x3c, 0x80, 4);
    file.replace(0x80, 2, "PE");
    put_little_endian(file, 0x84, machine, 2);
    put_little_endian(file, 0x86, 1, 2);
    put_little_endian(file, 0x94, section - optional, 2);
    put_little_endian(file, optional, is_64bit ? 0x20b : 0x10b, 2);
    put_little_endian(file, optional + 32, 0x1000, 4);
    put_little_endian(file, optional + 36, 0x200, 4);
    put_little_endian(file, optional + 60, 0x400, 4);
    put_little_endian(file, directories - 4, 16, 4);
    put_little_endian(file, directories, 0x1000, 4);
    put_little_endian(file, directories + 4, 40, 4);
    put_little_endian(file, section + 8, 0x200, 4);
    put_little_endian(file, section + 12, 0x1000, 4);
    put_little_endian(file, section + 16, 0x200, 4);
    put_little_endian(file, section + 20, 0x400, 4);
    put_little_endian(file, 0x400 + 12, 0x1000 + 40, 4);
    put_little_endian(file, 0x400 + 16, 1, 4);
    file.replace(0x400 + 40, 9, "ntdll.dll");
    return file;
}

inline void put_dlls(const std::filesystem::path& dll_dir) {
    write_file(dll_dir / "x86_64-unix/ntdll.so", elf_head(true));
    write_file(dll_dir / "x86_64-unix/win32u.so", elf_head(true));
    write_file(dll_dir / "x86_64-windows/ntdll.dll", pe_file(0x8664));
    write_file(dll_dir / "x86_64-windows/kernel32.dll", "kernel32");
}

// As Debian has it: scripts in bin, the loader in lib/wine, DLLs below the triplet.
inline void put_debian_wine(const std::filesystem::path& usr) {
    write_file(usr / "bin/wine-stable", "#!/bin/sh\n", true);
    std::filesystem::create_symlink("wine-stable", usr / "bin/wine");
    write_file(usr / "lib/wine/wine64", elf_head(true), true);
    write_file(usr / "lib/wine/wineserver", "#!/bin/sh\n", true);
    put_dlls(usr / "lib/x86_64-linux-gnu/wine");
    write_file(usr / "share/wine/wine.inf", "inf");
}

// As upstream installs it, with wine64 beside wine as before Wine 9, or with wine alone.
inline void put_upstream_wine(const std::filesystem::path& prefix, const std::string& lib = "lib",
                              const std::string& loader = "wine64") {
    write_file(prefix / "bin" / loader, elf_head(true), true);
    write_file(prefix / "bin/wineserver", elf_head(true), true);
    write_file(prefix / "bin/unrelated", elf_head(true), true);
    put_dlls(prefix / lib / "wine");
    write_file(prefix / "share/wine/wine.inf", "inf");
}

// A loader that can really be run: it answers --version.
inline void make_loader_runnable(const std::filesystem::path& loader, const std::string& version) {
    write_file(loader, "#!/bin/sh\necho 'wine-" + version + "'\n", true);
}

}  // namespace ntalpc::testing_support
