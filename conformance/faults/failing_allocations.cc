// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/faults/failing_allocations.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "ntalpc/unique_fd.h"

namespace ntalpc::faults {

namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

// The page is in memory that goes with this process; the others find it below /proc.
void FailingAllocations::load(char** arguments) {
    if (std::getenv(kControlVariable)) return;
    const auto own = std::filesystem::read_symlink("/proc/self/exe");
    const std::string library = own.parent_path() / "failing_allocations.so";
    const int memory = memfd_create("fault control", 0);
    if (memory < 0 || ftruncate(memory, sizeof(AllocationControl)) != 0) fail("memfd_create");
    const std::string path = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(memory);
    setenv(kControlVariable, path.c_str(), 1);
    setenv("LD_PRELOAD", library.c_str(), 1);
    execv(own.c_str(), arguments);
    fail("cannot start again with failing_allocations.so");
}

FailingAllocations::FailingAllocations() {
    const UniqueFd file(open(std::getenv(kControlVariable), O_RDWR | O_CLOEXEC));
    void* const page =
        file ? mmap(nullptr, sizeof(AllocationControl), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0)
             : MAP_FAILED;
    if (page == MAP_FAILED) fail("cannot use the file of NTALPC_FAULT_CONTROL");
    control_ = static_cast<AllocationControl*>(page);
}

FailingAllocations::~FailingAllocations() {
    disarm();
    munmap(control_, sizeof(AllocationControl));
}

void FailingAllocations::arm(pid_t process, unsigned number) {
    control_->counted = 0;
    control_->number = number;
    control_->process = process;
}

void FailingAllocations::disarm() {
    control_->process = 0;
}

}  // namespace ntalpc::faults
