// SPDX-License-Identifier: LGPL-2.1-or-later
// Sections through Wine's own memory manager, so that VirtualQuery and unmapping tell the truth.
#include <fcntl.h>
#include <sys/mman.h>

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
NTALPC_IMPORT(nt_query_section, "NtQuerySection", NTSTATUS,
              (HANDLE section, ULONG information_class, void* buffer, SIZE_T size, SIZE_T* needed));
NTALPC_IMPORT(nt_protect, "NtProtectVirtualMemory", NTSTATUS,
              (HANDLE process, void** base, SIZE_T* size, ULONG protection, ULONG* old_protection));
NTALPC_IMPORT(nt_unmap_view, "NtUnmapViewOfSection", NTSTATUS, (HANDLE process, void* base));

}  // namespace ntalpc::wine

namespace ntalpc::host {

namespace {

constexpr ULONG kViewUnmap = 2;  // children do not get it
constexpr ULONG kPageReadOnly = 0x02;
constexpr ULONG kPageReadWrite = 0x04;
constexpr ULONG kSecCommit = 0x8000000;
constexpr ACCESS_MASK kSectionRead = 0x4;                // SECTION_MAP_READ
constexpr ACCESS_MASK kSectionReadWrite = 0x6;           // and SECTION_MAP_WRITE
constexpr ACCESS_MASK kFileRead = 0x1 | 0x100000;        // FILE_READ_DATA, SYNCHRONIZE
constexpr ACCESS_MASK kFileReadWrite = 0x2 | kFileRead;  // and FILE_WRITE_DATA

ULONG page_protection(bool writable) {
    return writable ? kPageReadWrite : kPageReadOnly;
}

NtStatus map_section(NtHandle section, std::uint64_t offset, std::uint64_t* size, void** base,
                     bool writable) {
    LARGE_INTEGER start;
    start.QuadPart = static_cast<LONGLONG>(offset);
    SIZE_T bytes = *size;
    *base = nullptr;
    const NtStatus status = wine::nt_map_view(section, wine::kCurrentProcess, base, 0, 0, &start, &bytes,
                                              kViewUnmap, 0, page_protection(writable));
    *size = bytes;
    // Wine starts programs by fork and exec.
    if (NT_SUCCESS(status)) madvise(*base, bytes, MADV_DONTFORK);
    return status;
}

// Whether a handle that may be read and written is one of a section.
bool is_section(NtHandle handle) {
    struct {
        void* base;
        ULONG attributes;
        LARGE_INTEGER size;
    } basic;
    return wine::nt_query_section(handle, ULONG{0}, static_cast<void*>(&basic), SIZE_T{sizeof(basic)},
                                  static_cast<SIZE_T*>(nullptr)) != STATUS_OBJECT_TYPE_MISMATCH;
}

}  // namespace

NtStatus map_own_section(NtHandle section, std::uint64_t offset, std::uint64_t* size, void** base) {
    return map_section(section, offset, size, base, true);
}

NtStatus section_descriptor(NtHandle section, UniqueFd* descriptor) {
    int fd = -1;
    if (!is_section(section)) return STATUS_OBJECT_TYPE_MISMATCH;
    const NtStatus status =
        wine::server_handle_to_fd(section, kSectionReadWrite, &fd, nullptr);
    if (status != STATUS_SUCCESS) return status;
    descriptor->reset(fd);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return STATUS_SUCCESS;
}

NtStatus map_foreign_section(UniqueFd descriptor, std::uint64_t offset, std::uint64_t* size, void** base,
                             bool writable) {
    HANDLE file = nullptr, section = nullptr;
    NtStatus status =
        wine::server_fd_to_handle(descriptor.get(), writable ? kFileReadWrite : kFileRead, 0, &file);
    if (status != STATUS_SUCCESS) return status;
    status = wine::nt_create_section(&section, writable ? kSectionReadWrite : kSectionRead, nullptr, nullptr,
                                     page_protection(writable), kSecCommit, file);
    wine::nt_close(file);
    if (status != STATUS_SUCCESS) return status;
    status = map_section(section, offset, size, base, writable);
    wine::nt_close(section);
    return status;
}

// Wine knows the view by its address and its protection, and does not look at what is mapped there.
NtStatus replace_mapping(UniqueFd descriptor, void* base, std::uint64_t size, bool writable) {
    void* first = base;
    SIZE_T bytes = size;
    ULONG old_protection = 0;
    const auto protect = [&] {
        return wine::nt_protect(wine::kCurrentProcess, &first, &bytes, page_protection(writable),
                                &old_protection);
    };
    // Wine changes the mapping too when its record changes, so what is there must allow it.
    if (!writable) {
        if (const NtStatus status = protect(); status != STATUS_SUCCESS) return status;
    }
    const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    if (mmap(base, size, protection, MAP_SHARED | MAP_FIXED, descriptor.get(), 0) == MAP_FAILED)
        return STATUS_NO_MEMORY;
    madvise(base, size, MADV_DONTFORK);
    return writable ? protect() : STATUS_SUCCESS;
}

void unmap_section(void* base, std::uint64_t) {
    wine::nt_unmap_view(wine::kCurrentProcess, base);
}

}  // namespace ntalpc::host
