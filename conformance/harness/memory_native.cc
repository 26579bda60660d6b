// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory as a Linux program sees it.
#ifndef _WIN32

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

#include "conformance/harness/memory.h"

namespace ntalpc::conformance {

Access access_to(const void* address) {
    const auto wanted = reinterpret_cast<std::uintptr_t>(address);
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        unsigned long first = 0, end = 0;
        char readable = '-', writable = '-', shared = 'p';
        if (std::sscanf(line.c_str(), "%lx-%lx %c%c%*c%c", &first, &end, &readable, &writable, &shared) != 5)
            continue;
        if (wanted < first || wanted >= end) continue;
        // A sanitizer, an allocator of another thread or what the library shares for itself may be where a
        // view has been.
        const bool of_library =
            line.find("/memfd:lease") != line.npos || line.find("/memfd:port") != line.npos;
        if (shared != 's' || of_library) return Access::none;
        if (writable == 'w') return Access::write;
        return readable == 'r' ? Access::read : Access::none;
    }
    return Access::none;
}

bool allow_writing(void* address, std::size_t size) {
    return mprotect(address, size, PROT_READ | PROT_WRITE) == 0;
}

// Nobody tells the library, which unmaps the place later. So it must stay empty until then, or the library
// would unmap what has come there since (design.md, limits that are known).
void unmap(void* base, std::size_t size) {
    mmap(base, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
}

}  // namespace ntalpc::conformance

#endif
