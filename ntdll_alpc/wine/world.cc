// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wine/world.h"

#include <sys/stat.h>

#include "core/host.h"

namespace ntalpc::wine {

// A wineserver is known by the device and inode of its prefix.
std::uint64_t world() {
    struct stat found {};
    stat(host::prefix_path().c_str(), &found);
    return (std::uint64_t{found.st_dev} << 40 ^ found.st_ino) | std::uint64_t{1} << 63;
}

}  // namespace ntalpc::wine
