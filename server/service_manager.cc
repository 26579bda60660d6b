// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/service_manager.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace ntalpc::server {

std::string take_inherited_socket(int* socket) {
    constexpr int first = 3;
    *socket = -1;
    const char* const process = std::getenv("LISTEN_PID");
    const char* const count = std::getenv("LISTEN_FDS");
    // What is meant for a parent of ours is not for us.
    if (!process || !count || std::atoi(process) != getpid()) return {};
    if (std::strcmp(count, "1") != 0)
        return "LISTEN_FDS is " + std::string(count) + ": the socket unit must have one Listen line";
    if (fcntl(first, F_SETFD, FD_CLOEXEC) != 0)
        return "LISTEN_FDS promises a socket, but descriptor 3 is closed";
    *socket = first;
    return {};
}

bool is_journal(int descriptor) {
    const char* const stream = std::getenv("JOURNAL_STREAM");
    unsigned long long device = 0, inode = 0;
    struct stat found;
    return stream && std::sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(descriptor, &found) == 0 && found.st_dev == device && found.st_ino == inode;
}

}  // namespace ntalpc::server
