// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory as a Windows program sees it.
#ifdef _WIN32

#include "conformance/harness/api.h"
#include "conformance/harness/memory.h"

namespace ntalpc::conformance {

Access access_to(const void* address) {
    MEMORY_BASIC_INFORMATION information{};
    if (VirtualQuery(address, &information, sizeof(information)) == 0) return Access::none;
    if (information.State != MEM_COMMIT) return Access::none;
    switch (information.Protect & 0xFF) {
        case PAGE_READWRITE:
        case PAGE_WRITECOPY:
        case PAGE_EXECUTE_READWRITE:
        case PAGE_EXECUTE_WRITECOPY:
            return Access::write;
        case PAGE_READONLY:
        case PAGE_EXECUTE_READ:
            return Access::read;
        default:
            return Access::none;
    }
}

bool allow_writing(void* address, SIZE_T size) {
    DWORD old_protection;
    return VirtualProtect(address, size, PAGE_READWRITE, &old_protection) != 0;
}

void unmap(void* base, SIZE_T) {
    UnmapViewOfFile(base);
}

}  // namespace ntalpc::conformance

#endif
