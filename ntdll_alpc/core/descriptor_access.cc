// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/descriptor_access.h"

#include <fcntl.h>

#include <string>

#include "ntalpc/ntlpcapi.h"
#include "ntalpc/passing.h"
#include "ntalpc/status.h"

namespace ntalpc::core {

namespace {

// Rights of the types that can be descriptors, as in the public headers.
constexpr std::uint32_t kGenericRead = 0x80000000, kGenericWrite = 0x40000000, kGenericExecute = 0x20000000;
constexpr std::uint32_t kGenericAll = 0x10000000, kMaximumAllowed = 0x02000000;
constexpr std::uint32_t kFileGenericRead = 0x120089, kFileGenericWrite = 0x120116;
constexpr std::uint32_t kFileRead = 0x1 | 0x20, kFileWrite = 0x2 | 0x4;
constexpr std::uint32_t kSectionQuery = 0x20001, kSectionWrite = 0x2, kSectionRead = 0x4 | 0x8;
constexpr std::uint32_t kProcessAllAccess = 0x1FFFFF;

bool is_section(std::uint32_t type) {
    return type == ALPC_PORFLG_OBJECT_TYPE_SECTION;
}

struct Mode {
    bool read, write;
    bool operator==(const Mode&) const = default;
};

Mode mode_of(int descriptor) {
    const int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || (flags & O_PATH)) return {false, false};
    const int mode = flags & O_ACCMODE;
    return {mode != O_WRONLY, mode != O_RDONLY};
}

// Everything that can be had is what there is.
Mode wanted_mode(std::uint32_t desired, std::uint32_t type, Mode present) {
    if (desired & kMaximumAllowed) return present;
    const std::uint32_t all = desired & kGenericAll;
    const std::uint32_t read = is_section(type) ? kSectionRead : kFileRead;
    const std::uint32_t write = is_section(type) ? kSectionWrite : kFileWrite;
    return {(desired & (kGenericRead | kGenericExecute | read)) != 0 || all,
            (desired & (kGenericWrite | write)) != 0 || all};
}

}  // namespace

std::uint32_t granted_access(int descriptor, std::uint32_t type) {
    if (type == kPassedPort) return PORT_ALL_ACCESS;
    if (type == ALPC_PORFLG_OBJECT_TYPE_PROCESS) return kProcessAllAccess;
    const Mode mode = mode_of(descriptor);
    if (is_section(type))
        return kSectionQuery | (mode.read ? kSectionRead : 0) | (mode.write ? kSectionWrite : 0);
    return (mode.read ? kFileGenericRead : 0) | (mode.write ? kFileGenericWrite : 0);
}

NTSTATUS restrict_access(UniqueFd* descriptor, std::uint32_t type, std::uint32_t desired,
                         std::uint32_t* granted) {
    *granted = granted_access(descriptor->get(), type);
    if (type == kPassedPort || type == ALPC_PORFLG_OBJECT_TYPE_PROCESS) return STATUS_SUCCESS;
    const Mode present = mode_of(descriptor->get());
    const Mode wanted = wanted_mode(desired, type, present);
    if ((wanted.read && !present.read) || (wanted.write && !present.write)) return STATUS_ACCESS_DENIED;
    if (wanted == present) return STATUS_SUCCESS;
    const int flags = wanted.write ? O_WRONLY : wanted.read ? O_RDONLY : O_PATH;
    const std::string path = "/proc/self/fd/" + std::to_string(descriptor->get());
    UniqueFd restricted(open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK));
    if (!restricted) return STATUS_NOT_SUPPORTED;
    // The flag was only there so that opening a pipe does not wait for its other end.
    if (flags != O_PATH)
        fcntl(restricted.get(), F_SETFL, fcntl(descriptor->get(), F_GETFL) & (O_APPEND | O_NONBLOCK));
    *descriptor = std::move(restricted);
    *granted = granted_access(descriptor->get(), type);
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::core
