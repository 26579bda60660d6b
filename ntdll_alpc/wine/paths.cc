// SPDX-License-Identifier: LGPL-2.1-or-later
// Where things are: the Wine prefix and this library.
#include <dlfcn.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "core/host.h"

namespace ntalpc::host {
namespace {

// Without symbolic links, so that one prefix has one name; unchanged when it does not exist.
std::string canonical(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> resolved(realpath(path.c_str(), nullptr), &std::free);
    return resolved ? resolved.get() : path;
}

std::string home_directory() {
    if (const char* home = std::getenv("HOME")) return home;
    const passwd* user = getpwuid(getuid());
    return user ? user->pw_dir : "";
}

}  // namespace

std::string prefix_path() {
    const char* prefix = std::getenv("WINEPREFIX");
    if (prefix && *prefix) return canonical(prefix);
    return canonical(home_directory() + "/.wine");
}

std::string server_binary_hint() {
    Dl_info info = {};
    if (!dladdr(reinterpret_cast<void*>(&prefix_path), &info) || !info.dli_fname) return {};
    const std::string library = canonical(info.dli_fname);
    return library.substr(0, library.rfind('/'));
}

}  // namespace ntalpc::host
