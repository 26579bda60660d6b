// SPDX-License-Identifier: LGPL-2.1-or-later
// Recognises 32-bit programs.
#include "overlay/program_check.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <system_error>
#include <vector>

#include "overlay/pe_image.h"

namespace ntalpc {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHeaderBytes = 64 * 1024;

// C:\dir\x.exe through the prefix's drive links. Only an exact match of upper and lower case is tried.
fs::path unix_path_of(const std::string& program, const fs::path& prefix) {
    if (program.size() < 3 || program[1] != ':' || (program[2] != '\\' && program[2] != '/')) return program;
    std::string rest = program.substr(3);
    std::replace(rest.begin(), rest.end(), '\\', '/');
    const char drive = static_cast<char>(std::tolower(static_cast<unsigned char>(program[0])));
    return prefix / "dosdevices" / (std::string(1, drive) + ":") / rest;
}

// A program for the .NET runtime may call itself 32-bit and still run as a 64-bit one.
bool is_32bit_program(const fs::path& path) {
    std::error_code error;
    if (!fs::is_regular_file(path, error)) return false;
    std::vector<std::uint8_t> head(kHeaderBytes);
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(head.data()), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<std::size_t>(file.gcount()));
    const Result<PeHeaders, PeError> headers = read_pe_headers(ByteView(head));
    return headers && headers->machine == kPeMachineI386 && headers->directory(kPeDirectoryClr).rva == 0;
}

}  // namespace

Result<Done> check_program(const std::string& program, const fs::path& prefix, const WineLayout& wine) {
    const fs::path path = unix_path_of(program, prefix);
    // Wine would open a file manager, and wait for it.
    std::error_code not_found;
    if (fs::is_directory(path, not_found)) return Failure{"'" + program + "' is a directory, not a program."};
    if (!wine.i386_dll_dirs.empty() || !is_32bit_program(path)) return Done{};
    return Failure{
        "'" + program +
        "' is a 32-bit program, and the installed Wine can only run 64-bit ones; use a 64-bit build of it, "
        "or install 32-bit Wine with 'dpkg --add-architecture i386 && apt-get update && apt-get install "
        "wine32:i386'."};
}

}  // namespace ntalpc
