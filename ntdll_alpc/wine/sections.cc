// SPDX-License-Identifier: LGPL-2.1-or-later
// Sections through Wine's own memory manager, so that VirtualQuery and unmapping tell the truth.
#include <fcntl.h>

#include "core/host_sections.h"
#include "ntalpc/ntbase.h"
#include "ntalpc/status.h"
#include "wine/imports.h"

namespace ntalpc::wine {

NTALPC_IMPORT(nt_create_section, "NtCreateSection", NTSTATUS,
              (HANDLE * section, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes,
               const LARGE_INTEGER* size, ULONG protection, ULONG flags, HANDLE file));
NTALPC_IMPORT(nt_map_view, "NtMapViewOfSection", NTSTATUS,
              (HANDLE section, HANDLE process, void** base, ULONG_PTR zero_bits, SIZE_T commit,
               const LARGE_INTEGER* offset, SIZE_T* size, ULONG inherit, ULONG type, ULONG protection));
NTALPC_IMPORT(nt_unmap_view, "NtUnmapViewOfSection", NTSTATUS, (HANDLE process, void* base));

}  // namespace ntalpc::wine

namespace ntalpc::host {

namespace {

constexpr ULONG kViewUnmap = 2;  // children do not get it
constexpr ULONG kPageReadWrite = 0x04;
constexpr ULONG kSecCommit = 0x8000000;
constexpr ACCESS_MASK kSectionAllAccess = 0xF001F;
constexpr ACCESS_MASK kFileReadWrite = 0x3 | 0x100000;  // FILE_READ_DATA, FILE_WRITE_DATA, SYNCHRONIZE

}  // namespace

NtStatus map_own_section(NtHandle section, std::uint64_t offset, std::uint64_t* size, void** base) {
    LARGE_INTEGER start;
    start.QuadPart = static_cast<LONGLONG>(offset);
    SIZE_T bytes = *size;
    *base = nullptr;
    const NtStatus status = wine::nt_map_view(section, wine::kCurrentProcess, base, 0, 0, &start, &bytes,
                                              kViewUnmap, 0, kPageReadWrite);
    *size = bytes;
    return status;
}

NtStatus section_descriptor(NtHandle section, UniqueFd* descriptor) {
    int fd = -1;
    const NtStatus status = wine::server_handle_to_fd(section, 0, &fd, nullptr);
    if (status != STATUS_SUCCESS) return status;
    descriptor->reset(fd);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return STATUS_SUCCESS;
}

NtStatus map_foreign_section(UniqueFd descriptor, std::uint64_t offset, std::uint64_t* size, void** base) {
    HANDLE file = nullptr, section = nullptr;
    NtStatus status = wine::server_fd_to_handle(descriptor.get(), kFileReadWrite, 0, &file);
    if (status != STATUS_SUCCESS) return status;
    status = wine::nt_create_section(&section, kSectionAllAccess, nullptr, nullptr, kPageReadWrite,
                                     kSecCommit, file);
    wine::nt_close(file);
    if (status != STATUS_SUCCESS) return status;
    status = map_own_section(section, offset, size, base);
    wine::nt_close(section);
    return status;
}

void unmap_section(void* base, std::uint64_t) {
    wine::nt_unmap_view(wine::kCurrentProcess, base);
}

}  // namespace ntalpc::host
