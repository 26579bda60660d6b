// SPDX-License-Identifier: LGPL-2.1-or-later
// Sections of native processes: memfds with a handle.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/file_size_signal.h"
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

// Address space that begins where a view on Windows would, or nullptr.
void* reserve_place(std::uint64_t bytes) {
    constexpr std::uint64_t slack = kAllocationGranularity - kPage;
    void* const found =
        mmap(nullptr, bytes + slack, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (found == MAP_FAILED) return nullptr;
    const auto first = reinterpret_cast<std::uintptr_t>(found);
    const std::uintptr_t place = (first + slack) / kAllocationGranularity * kAllocationGranularity;
    if (place != first) munmap(found, place - first);
    if (const std::uint64_t rest = first + slack - place; rest != 0)
        munmap(reinterpret_cast<void*>(place + bytes), rest);
    return reinterpret_cast<void*>(place);
}

int protection(bool writable) {
    return writable ? PROT_READ | PROT_WRITE : PROT_READ;
}

NtStatus map(int fd, std::uint64_t offset, std::uint64_t* size, void** base, bool writable) {
    std::uint64_t whole = 0;
    if (!is_memory(fd, &whole)) return STATUS_OBJECT_TYPE_MISMATCH;
    if (offset % kAllocationGranularity != 0) return STATUS_MAPPED_ALIGNMENT;
    if (offset >= whole || *size > whole - offset) return STATUS_INVALID_VIEW_SIZE;
    const std::uint64_t wanted = *size == 0 ? whole - offset : *size;
    const std::uint64_t bytes = (wanted + kPage - 1) / kPage * kPage;
    void* const place = reserve_place(bytes);
    if (!place) return STATUS_NO_MEMORY;
    void* const memory =
        mmap(place, bytes, protection(writable), MAP_SHARED | MAP_FIXED, fd, static_cast<off_t>(offset));
    if (memory == MAP_FAILED) {
        const int reason = errno;
        munmap(place, bytes);
        return reason == EACCES || reason == EPERM ? STATUS_ACCESS_DENIED : STATUS_NO_MEMORY;
    }
    madvise(memory, bytes, MADV_DONTFORK);
    *size = bytes;
    *base = memory;
    return STATUS_SUCCESS;
}

}  // namespace

NtStatus map_own_section(NtHandle section, std::uint64_t offset, std::uint64_t* size, void** base) {
    UniqueFd descriptor;
    const NtStatus status = duplicate_descriptor(section, &descriptor);
    return status != STATUS_SUCCESS ? status : map(descriptor.get(), offset, size, base, true);
}

NtStatus section_descriptor(NtHandle section, UniqueFd* descriptor) {
    return duplicate_descriptor(section, descriptor);
}

NtStatus map_foreign_section(UniqueFd descriptor, std::uint64_t offset, std::uint64_t* size, void** base,
                             bool writable) {
    return map(descriptor.get(), offset, size, base, writable);
}

NtStatus replace_mapping(UniqueFd descriptor, void* base, std::uint64_t size, bool writable) {
    if (mmap(base, size, protection(writable), MAP_SHARED | MAP_FIXED, descriptor.get(), 0) == MAP_FAILED)
        return STATUS_NO_MEMORY;
    madvise(base, size, MADV_DONTFORK);
    return STATUS_SUCCESS;
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
    UniqueFd memory(memfd_create("section", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!memory) return STATUS_INSUFFICIENT_RESOURCES;
    const auto bytes = (static_cast<std::uint64_t>(size.QuadPart) + 0xFFF) & ~std::uint64_t{0xFFF};
    {
        const core::NoFileSizeSignal mine;
        if (ftruncate(memory.get(), static_cast<off_t>(bytes)) != 0) return STATUS_NO_MEMORY;
    }
    // Other users are shown only what cannot shrink; and none of them shall add a seal.
    if (fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return STATUS_INSUFFICIENT_RESOURCES;
    HANDLE handle;
    const NTSTATUS status = native::HandleTable::instance().add(std::move(memory), &handle,
                                                                     ALPC_PORFLG_OBJECT_TYPE_SECTION);
    if (status != STATUS_SUCCESS) return status;
    if (host::copy_to_program(SectionHandle, &handle, sizeof(handle))) return STATUS_SUCCESS;
    native::HandleTable::instance().close(handle);
    return STATUS_ACCESS_VIOLATION;
}
