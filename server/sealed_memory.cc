// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/sealed_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

namespace ntalpc::server {

UniqueFd make_sealed_memory(const char* name, std::uint64_t size, MoreSeals more) {
    UniqueFd memory(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | (more == MoreSeals::allowed ? 0 : F_SEAL_SEAL);
    if (!memory || ftruncate(memory.get(), static_cast<off_t>(size)) != 0 ||
        fcntl(memory.get(), F_ADD_SEALS, seals) != 0)
        return UniqueFd();
    return memory;
}

UniqueFd open_for_reading(const UniqueFd& memory) {
    const std::string path = "/proc/self/fd/" + std::to_string(memory.get());
    return UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace ntalpc::server
