// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/sealed_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "server/log.h"

namespace ntalpc::server {

namespace {

const char* advice(int error) {
    switch (error) {
        case EMFILE:
        case ENFILE:
            return "raise the limit on open files";
        case EFBIG:
            return "raise the limit on the size of files";
        default:
            return "free some memory";
    }
}

}  // namespace

UniqueFd make_sealed_memory(const char* name, std::uint64_t size, MoreSeals more) {
    UniqueFd memory(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | (more == MoreSeals::allowed ? 0 : F_SEAL_SEAL);
    if (memory && ftruncate(memory.get(), static_cast<off_t>(size)) == 0 &&
        fcntl(memory.get(), F_ADD_SEALS, seals) == 0)
        return memory;
    const int error = errno;
    log(LogLevel::always, "no memory for a %s could be made: %s; %s", name, std::strerror(error),
        advice(error));
    return UniqueFd();
}

UniqueFd open_for_reading(const UniqueFd& memory) {
    const std::string path = "/proc/self/fd/" + std::to_string(memory.get());
    return UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace ntalpc::server
