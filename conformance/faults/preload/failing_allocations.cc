// SPDX-License-Identifier: LGPL-2.1-or-later
// failing_allocations.so: malloc and its relatives with one allocation that fails, by number. It stands
// before the C library of the processes that fault_check runs, so these are the programs that are installed.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "conformance/faults/allocation_control.h"

// What the C library calls its own.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

using ntalpc::faults::AllocationControl;

AllocationControl* control = nullptr;

__attribute__((constructor)) void find_control() {
    const char* const path = std::getenv(ntalpc::faults::kControlVariable);
    const int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void* const page = mmap(nullptr, sizeof(AllocationControl), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED) control = static_cast<AllocationControl*>(page);
}

bool fails() {
    if (!control || control->process.load(std::memory_order_relaxed) == 0) return false;
    if (control->process != getpid() || ++control->counted != control->number) return false;
    errno = ENOMEM;
    return true;
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) void* malloc(std::size_t size) {
    return fails() ? nullptr : __libc_malloc(size);
}

__attribute__((visibility("default"))) void* calloc(std::size_t count, std::size_t size) {
    return fails() ? nullptr : __libc_calloc(count, size);
}

__attribute__((visibility("default"))) void* realloc(void* memory, std::size_t size) {
    return fails() ? nullptr : __libc_realloc(memory, size);
}

__attribute__((visibility("default"))) void* aligned_alloc(std::size_t alignment, std::size_t size) {
    return fails() ? nullptr : __libc_memalign(alignment, size);
}

__attribute__((visibility("default"))) int posix_memalign(void** memory, std::size_t alignment,
                                                          std::size_t size) {
    if (fails()) return ENOMEM;
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}

}  // extern "C"
