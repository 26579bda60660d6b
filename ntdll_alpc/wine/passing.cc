// SPDX-License-Identifier: LGPL-2.1-or-later
// Objects that Wine processes pass: to each other as handles that a keeper duplicates, to native ones as
// descriptors.
#include <fcntl.h>

#include <mutex>

#include "core/descriptor_access.h"
#include "core/host_passing.h"
#include "ntalpc/ntlpcapi.h"
#include "ntalpc/passing.h"
#include "ntalpc/status.h"
#include "wine/handle_facts.h"
#include "wine/imports.h"
#include "wine/noted_handles.h"

namespace ntalpc::wine {

NTALPC_IMPORT(nt_create_section, "NtCreateSection", NTSTATUS,
              (HANDLE * section, ACCESS_MASK access, const OBJECT_ATTRIBUTES* attributes,
               const LARGE_INTEGER* size, ULONG protection, ULONG flags, HANDLE file));

}  // namespace ntalpc::wine

namespace ntalpc::host {

namespace {

constexpr ULONG kPageReadOnly = 0x02, kPageReadWrite = 0x04;
constexpr ULONG kSecCommit = 0x8000000;
constexpr ACCESS_MASK kSectionMapWrite = 0x2;
constexpr ACCESS_MASK kFileReadData = 0x1, kFileWriteData = 0x2;

// Negative values stand for the calling process or thread and mean somebody else to anybody else.
bool is_pseudo_handle(NtHandle handle) {
    return reinterpret_cast<std::intptr_t>(handle) < 0;
}

bool is_port(NtHandle handle) {
    const HandleKind known = wine::noted_kind(handle);
    if (known != HandleKind::unknown) return known == HandleKind::ours;
    UniqueFd unused;
    return duplicate_descriptor(handle, &unused) == STATUS_SUCCESS;
}

NtStatus inherited_attributes(NtHandle handle, PassedFacts* facts) {
    if (facts->flags & ALPC_HANDLEFLG_DUPLICATE_INHERIT) facts->attributes |= OBJ_INHERIT;
    if (!(facts->flags & ALPC_HANDLEFLG_DUPLICATE_SAME_ATTRIBUTES)) return STATUS_SUCCESS;
    bool inherited = false;
    const NtStatus status = wine::query_inheritance(handle, &inherited);
    if (inherited) facts->attributes |= OBJ_INHERIT;
    return status;
}

NtStatus note_port(NtHandle handle) {
    wine::note_handle(handle, HandleKind::ours);
    // As in install_handle(): now, before anybody else knows the handle.
    UniqueFd unused;
    return duplicate_descriptor(handle, &unused);
}

}  // namespace

bool passes_by_value() {
    return true;
}

NtStatus handle_to_keep(NtHandle handle, PassedFacts* facts, NtHandle* kept, bool* made) {
    *kept = handle;
    if (is_pseudo_handle(handle)) {
        const NtStatus status = wine::nt_duplicate_object(
            wine::kCurrentProcess, handle, wine::kCurrentProcess, kept, 0, 0, wine::kDuplicateSameAccess);
        if (status != STATUS_SUCCESS) return status;
        *made = true;
    } else if (is_port(handle)) {
        if (facts->type != 0) return STATUS_OBJECT_TYPE_MISMATCH;
        facts->type = kPassedPort;
    }
    return inherited_attributes(*kept, facts);
}

namespace {

// A handle to the last keeper this process has taken something from.
struct KnownKeeper {
    std::mutex mutex;
    std::uint64_t serial = 0;
    HANDLE process = nullptr;
};

KnownKeeper& known_keeper() {
    static KnownKeeper* const keeper = new KnownKeeper;  // threads may call while the process exits
    return *keeper;
}

NtStatus duplicate_from(HANDLE process, std::uint64_t value, std::uint32_t attributes, NtHandle* handle) {
    return wine::nt_duplicate_object(process, reinterpret_cast<HANDLE>(static_cast<std::uintptr_t>(value)),
                                     wine::kCurrentProcess, handle, 0, attributes & OBJ_INHERIT,
                                     wine::kDuplicateSameAccess);
}

}  // namespace

NtStatus take_kept_handle(std::uint64_t process_id, std::uint64_t serial, std::uint64_t value,
                          const PassedFacts& facts, NtHandle* handle) {
    KnownKeeper& keeper = known_keeper();
    NtStatus status = STATUS_SUCCESS;
    {
        const std::lock_guard lock(keeper.mutex);
        if (keeper.serial != serial) {
            if (keeper.process) wine::nt_close(keeper.process);
            keeper.process = nullptr;
            keeper.serial = 0;
            status = wine::open_process_for_duplication(process_id, &keeper.process);
            if (status == STATUS_SUCCESS) keeper.serial = serial;
        }
        if (status == STATUS_SUCCESS)
            status = duplicate_from(keeper.process, value, facts.attributes, handle);
    }
    if (status != STATUS_SUCCESS) return status;
    wine::note_handle(*handle, HandleKind::unknown);
    return facts.type == kPassedPort ? note_port(*handle) : STATUS_SUCCESS;
}

// What Wine opened for a handle may allow more than the handle does.
NtStatus object_descriptor(NtHandle handle, PassedFacts* facts, UniqueFd* descriptor) {
    if (duplicate_descriptor(handle, descriptor) == STATUS_SUCCESS) {
        if (facts->type != 0) return STATUS_OBJECT_TYPE_MISMATCH;
        facts->type = kPassedPort;
        facts->access = core::granted_access(descriptor->get(), facts->type);
        return STATUS_SUCCESS;
    }
    wine::HandleFacts known;
    NtStatus status = wine::query_handle(handle, &known);
    if (status != STATUS_SUCCESS) return status;
    if (facts->type != 0 && facts->type != known.type) return STATUS_OBJECT_TYPE_MISMATCH;
    facts->type = known.type;
    if (known.type != ALPC_PORFLG_OBJECT_TYPE_FILE && known.type != ALPC_PORFLG_OBJECT_TYPE_SECTION)
        return STATUS_NOT_SUPPORTED;
    int fd = -1;
    // Some files live in wineserver only: named pipes, consoles.
    if (wine::server_handle_to_fd(handle, 0, &fd, nullptr) != STATUS_SUCCESS) return STATUS_NOT_SUPPORTED;
    descriptor->reset(fd);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    std::uint32_t granted = 0;
    status = core::restrict_access(descriptor, known.type, known.access, &granted);
    if (status != STATUS_SUCCESS || (facts->flags & ALPC_HANDLEFLG_DUPLICATE_SAME_ACCESS)) {
        facts->access = granted;
        return status;
    }
    return core::restrict_access(descriptor, known.type, facts->access, &facts->access);
}

namespace {

NtStatus make_section(HANDLE file, const PassedFacts& facts, NtHandle* section) {
    const bool writable = (facts.access & kSectionMapWrite) != 0;
    OBJECT_ATTRIBUTES how{};
    how.Length = sizeof(how);
    how.Attributes = facts.attributes & OBJ_INHERIT;
    return wine::nt_create_section(section, facts.access, &how, nullptr,
                                   writable ? kPageReadWrite : kPageReadOnly, kSecCommit, file);
}

}  // namespace

NtStatus take_descriptor(UniqueFd descriptor, const PassedFacts& facts, NtHandle* handle) {
    if (facts.type == kPassedPort)
        return install_handle(std::move(descriptor), facts.access, facts.attributes, handle);
    if (facts.type != ALPC_PORFLG_OBJECT_TYPE_SECTION)
        return wine::server_fd_to_handle(descriptor.get(), facts.access, facts.attributes & OBJ_INHERIT,
                                         handle);
    HANDLE file = nullptr;
    const ACCESS_MASK access = kFileReadData | (facts.access & kSectionMapWrite ? kFileWriteData : 0);
    NtStatus status = wine::server_fd_to_handle(descriptor.get(), access, 0, &file);
    if (status != STATUS_SUCCESS) return status;
    status = make_section(file, facts, handle);
    wine::nt_close(file);
    return status;
}

}  // namespace ntalpc::host
