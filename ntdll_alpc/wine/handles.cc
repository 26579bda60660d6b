// SPDX-License-Identifier: LGPL-2.1-or-later
// Capabilities as handles of Wine: wineserver keeps the socket and does the counting, duplication and
// inheritance.
#include <fcntl.h>
#include <sys/socket.h>

#include "core/capability_cache.h"
#include "core/host.h"
#include "ntalpc/status.h"
#include "wine/imports.h"
#include "wine/noted_handles.h"
#include "wine/recent_handles.h"

namespace ntalpc::host {
namespace {

// Capabilities are the only Unix sockets behind handles: files are no sockets, Winsock has no Unix sockets.
bool is_unix_socket(int fd) {
    int domain = 0;
    socklen_t size = sizeof(domain);
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

}  // namespace

NtStatus install_handle(UniqueFd capability, std::uint32_t access, std::uint32_t attributes,
                        NtHandle* handle) {
    const NtStatus status =
        wine::server_fd_to_handle(capability.get(), access, attributes & OBJ_INHERIT, handle);
    if (!status) wine::note_handle(*handle, HandleKind::ours);
    // Wine keeps a descriptor of each handle it was asked about. A first question that races with NtClose in
    // another thread may put one into that cache after NtClose has emptied it, where it would keep the port
    // open; asked here, before anybody else knows the handle, it is in the cache when NtClose looks.
    UniqueFd unused;
    return status ? status : duplicate_descriptor(*handle, &unused);
}

NtStatus duplicate_descriptor(NtHandle handle, UniqueFd* descriptor) {
    int fd = -1;
    const NtStatus status = wine::server_handle_to_fd(handle, 0, &fd, nullptr);
    if (status) return status;
    UniqueFd owned(fd);
    if (!is_unix_socket(fd)) return STATUS_OBJECT_TYPE_MISMATCH;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    *descriptor = std::move(owned);
    return STATUS_SUCCESS;
}

void close_handle(NtHandle handle) {
    wine::nt_close(handle);
}

// Any socket has one; whether it is a capability's is for the caller to know.
std::uint64_t known_cookie(NtHandle handle) {
    auto& recent = wine::RecentHandles::instance();
    if (const std::uint64_t cookie = recent.find(handle)) return cookie;
    const std::uint64_t changes = recent.changes();
    int fd = -1;
    if (wine::server_handle_to_fd(handle, 0, &fd, nullptr)) return 0;
    const UniqueFd owned(fd);
    const std::uint64_t cookie = core::capability_cookie(fd);
    if (cookie) recent.store(handle, cookie, changes);
    return cookie;
}

// Handles are wineserver's.
std::uint64_t handles_version() {
    return 0;
}

}  // namespace ntalpc::host
