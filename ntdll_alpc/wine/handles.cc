// SPDX-License-Identifier: LGPL-2.1-or-later
// Capabilities as handles of Wine: wineserver keeps the socket and does the counting, duplication and
// inheritance.
#include <fcntl.h>
#include <sys/socket.h>

#include <vector>

#include "core/host.h"
#include "ntalpc/status.h"
#include "wine/imports.h"
#include "wine/noted_handles.h"
#include "wine/object_type.h"

namespace ntalpc::host {
namespace {

using wine::nt_query_object;

constexpr ULONG kObjectNameInformation = 1;
constexpr ULONG kObjectTypeInformation = 2;

// Capabilities are the only Unix sockets behind handles: files are no sockets, Winsock has no Unix sockets.
bool is_unix_socket(int fd) {
    int domain = 0;
    socklen_t size = sizeof(domain);
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

// Asks for an answer that begins with a UNICODE_STRING whose characters follow somewhere behind.
NtStatus query_string(NtHandle handle, ULONG information_class, std::u16string* answer) {
    ULONG needed = 1024;
    for (;;) {
        std::vector<std::max_align_t> buffer(needed / sizeof(std::max_align_t) + 1);
        const auto size = static_cast<ULONG>(buffer.size() * sizeof(std::max_align_t));
        const NtStatus status = nt_query_object(handle, information_class, buffer.data(), size, &needed);
        if ((status == STATUS_INFO_LENGTH_MISMATCH || status == STATUS_BUFFER_OVERFLOW) && needed > size)
            continue;
        if (!NT_SUCCESS(status)) return status;
        const auto* string = reinterpret_cast<const UNICODE_STRING*>(buffer.data());
        answer->assign(string->Buffer ? string->Buffer : u"", string->Length / sizeof(WCHAR));
        return STATUS_SUCCESS;
    }
}

}  // namespace

}  // namespace ntalpc::host

namespace ntalpc::wine {

NTSTATUS object_type_name(HANDLE handle, std::u16string* name) {
    return host::query_string(handle, host::kObjectTypeInformation, name);
}

}  // namespace ntalpc::wine

namespace ntalpc::host {

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

// Handles are wineserver's, and may be closed without our hearing of it.
std::uint64_t known_cookie(NtHandle) {
    return 0;
}

NtStatus directory_path(NtHandle handle, std::u16string* path) {
    std::u16string type;
    NtStatus status = wine::object_type_name(handle, &type);
    if (!status && type != u"Directory") status = STATUS_OBJECT_TYPE_MISMATCH;
    return status ? status : query_string(handle, kObjectNameInformation, path);
}

}  // namespace ntalpc::host
