// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/capability.h"

#include <sys/socket.h>

namespace ntalpc::server {

std::uint64_t socket_cookie(int fd) {
    std::uint64_t cookie = 0;
    socklen_t size = sizeof(cookie);
    return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

bool make_socket_pair(UniqueFd* one, UniqueFd* other) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) return false;
    one->reset(ends[0]);
    other->reset(ends[1]);
    return true;
}

}  // namespace ntalpc::server
