// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/capability_cache.h"

#include <sys/socket.h>

namespace ntalpc::core {

std::uint64_t capability_cookie(int fd) {
    std::uint64_t cookie = 0;
    socklen_t size = sizeof(cookie);
    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

bool is_hung_up(int fd) {
    char unused;
    return recv(fd, &unused, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

}  // namespace ntalpc::core
