// SPDX-License-Identifier: LGPL-2.1-or-later
// Sections of native processes: memfds with a handle.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/host_sections.h"
#include "native/handle_table.h"
#include "ntalpc/ntalpc.h"

namespace ntalpc::host {

namespace {

constexpr std::uint64_t kAllocationGranularity = 0x10000;  // as on Windows
constexpr std::uint64_t kPage = 0x1000;

// A socket is a port; what can be mapped has the type of a regular file.
bool is_memory(int fd, std::uint64_t* size) {
    struct stat found;
    if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) return false;
    *size = static_cast<std::uint64_t>(found.st_size);
    return true;
}

NtStatus map(int fd, std::uint64_t offset, std::uint64_t* size, void** base) {
    std::uint64_t whole = 0;
    if (!is_memory(fd, &whole)) return STATUS_OBJECT_TYPE_MISMATCH;
    if (offset % kAllocationGranularity != 0) return STATUS_MAPPED_ALIGNMENT;
    if (offset >= whole || *size > whole - offset) return STATUS_INVALID_VIEW_SIZE;
    const std::uint64_t wanted = *size == 0 ? whole - offset : *size;
    const std::uint64_t bytes = (wanted + kPage - 1) / kPage * kPage;
    void* const memory =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, static_cast<off_t>(offset));
    if (memory == MAP_FAILED) return errno == EACCES ? STATUS_ACCESS_DENIED : STATUS_NO_MEMORY;
    *size = bytes;
    *base = memory;
    return STATUS_SUCCESS;
}

}  // namespace

NtStatus map_own_section(NtHandle section, std::uint64_t offset, std::uint64_t* size, void** base) {
    UniqueFd descriptor;
    const NtStatus status = duplicate_descriptor(section, &descriptor);
    return status != STATUS_SUCCESS ? status : map(descriptor.get(), offset, size, base);
}

NtStatus section_descriptor(NtHandle section, UniqueFd* descriptor) {
    return duplicate_descriptor(section, descriptor);
}

NtStatus map_foreign_section(UniqueFd descriptor, std::uint64_t offset, std::uint64_t* size, void** base) {
    return map(descriptor.get(), offset, size, base);
}

void unmap_section(void* base, std::uint64_t size) {
    munmap(base, size);
}

}  // namespace ntalpc::host

// What NtCreateSection does for memory without a file; the native library needs no more of it.
extern "C" NTSTATUS NtCreateSection(PHANDLE SectionHandle, ACCESS_MASK, POBJECT_ATTRIBUTES ObjectAttributes,
                                    PLARGE_INTEGER MaximumSize, ULONG, ULONG, HANDLE FileHandle) {
    using namespace ntalpc;
    if (FileHandle || (ObjectAttributes && ObjectAttributes->ObjectName)) return STATUS_NOT_SUPPORTED;
    LARGE_INTEGER size;
    if (!host::copy_from_program(&size, MaximumSize, sizeof(size))) return STATUS_ACCESS_VIOLATION;
    if (size.QuadPart <= 0) return STATUS_INVALID_PARAMETER_4;
    UniqueFd memory(memfd_create("section", MFD_CLOEXEC));
    if (!memory) return STATUS_INSUFFICIENT_RESOURCES;
    const auto bytes = (static_cast<std::uint64_t>(size.QuadPart) + 0xFFF) & ~std::uint64_t{0xFFF};
    if (ftruncate(memory.get(), static_cast<off_t>(bytes)) != 0) return STATUS_NO_MEMORY;
    HANDLE handle;
    const NTSTATUS status = native::HandleTable::instance().add(std::move(memory), &handle,
                                                                     ALPC_PORFLG_OBJECT_TYPE_SECTION);
    if (status != STATUS_SUCCESS) return status;
    if (host::copy_to_program(SectionHandle, &handle, sizeof(handle))) return STATUS_SUCCESS;
    native::HandleTable::instance().close(handle);
    return STATUS_ACCESS_VIOLATION;
}
