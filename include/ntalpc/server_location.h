// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the server of a user and Wine prefix is found: the one rule that server, clients and tools share.
//
// Each prefix has a directory of its own, private to the user, below $XDG_RUNTIME_DIR/ntalpc, or below
// /tmp/.ntalpc-UID where there is no runtime directory. It holds `socket`, `lock` (held by the running
// server, whose process id it contains) and `log`.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

namespace ntalpc {

// As Wine finds its prefix.
inline std::string prefix_from_environment() {
    if (const char* prefix = std::getenv("WINEPREFIX"); prefix && *prefix) return prefix;
    const char* const home = std::getenv("HOME");
    return std::string(home && *home ? home : "/") + "/.wine";
}

inline std::string runtime_directory() {
    if (const char* given = std::getenv("XDG_RUNTIME_DIR"); given && *given == '/')
        return std::string(given) + "/ntalpc";
    return "/tmp/.ntalpc-" + std::to_string(getuid());
}

// Where the server for all users of the machine is; its directory belongs to the system.
inline constexpr const char* kSystemDirectory = "/run/ntalpc";

// $NTALPC_SYSTEM makes programs use that server instead of one of their own: 1, or a directory that is to be
// used instead of the usual one. Empty when it is not set.
inline std::string system_directory_from_environment() {
    const char* const given = std::getenv("NTALPC_SYSTEM");
    if (!given || !*given) return {};
    return *given == '/' ? given : kSystemDirectory;
}

// The path decides, not the inode, so that a server started before its prefix exists is found afterwards.
inline std::string server_directory(const std::string& prefix) {
    if (std::string system = system_directory_from_environment(); !system.empty()) return system;
    std::error_code ignored;  // a path that cannot be resolved stands for itself
    std::filesystem::path canonical = std::filesystem::weakly_canonical(prefix, ignored);
    if (canonical.empty()) canonical = prefix;
    std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
    for (const unsigned char c : canonical.string()) hash = (hash ^ c) * 0x100000001b3;
    char name[17];
    for (int i = 0; i < 16; ++i) name[i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 15];
    name[16] = 0;
    return runtime_directory() + "/" + name;
}

// Makes a directory that only this user can enter. Returns an empty string, or one sentence that says why the
// path cannot be used: in a directory that others can write to, somebody else may have been there first.
inline std::string make_private_directory(const std::string& path) {
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return "cannot create directory " + path + ": " + std::strerror(errno);
    }
    struct stat found;
    if (lstat(path.c_str(), &found) != 0) return "cannot examine " + path + ": " + std::strerror(errno);
    if (!S_ISDIR(found.st_mode)) return path + " is not a directory; remove it";
    if (found.st_uid != geteuid())
        return path + " belongs to another user; set XDG_RUNTIME_DIR to a directory of yours";
    if ((found.st_mode & 077) != 0 && chmod(path.c_str(), 0700) != 0) {
        return path + " is open to other users and cannot be closed: " + std::strerror(errno);
    }
    return {};
}

// One that everybody can find the socket in and nobody else can change. systemd gives a service with a
// dynamic user a link to one, which only root can have made.
inline std::string make_system_directory(const std::string& path) {
    if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
        return "cannot create directory " + path + ": " + std::strerror(errno);
    }
    struct stat found;
    int result = lstat(path.c_str(), &found);
    if (result == 0 && S_ISLNK(found.st_mode) && found.st_uid == 0) result = stat(path.c_str(), &found);
    if (result != 0) return "cannot examine " + path + ": " + std::strerror(errno);
    if (!S_ISDIR(found.st_mode)) return path + " is not a directory; remove it";
    if (found.st_uid != geteuid() || (found.st_mode & 022) != 0)
        return path + " can be changed by others; the server for all users wants a directory of its own";
    return {};
}

inline std::string make_server_directory(const std::string& directory) {
    const std::string parent = std::filesystem::path(directory).parent_path().string();
    if (std::string error = make_private_directory(parent); !error.empty()) return error;
    return make_private_directory(directory);
}

}  // namespace ntalpc
