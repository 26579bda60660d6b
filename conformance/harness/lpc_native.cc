// SPDX-License-Identifier: LGPL-2.1-or-later
// Sections, waits and times as a Linux program has them.
#ifndef _WIN32

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <fstream>
#include <sstream>

#include "conformance/harness/lpc.h"

namespace ntalpc::conformance::lpc {

namespace {

constexpr LONGLONG units_per_second = 10'000'000;

// When the process or thread with this stat file was started (field 22, in clock ticks since boot).
LONGLONG start_time(const std::string& stat_file) {
    std::ifstream file(stat_file);
    std::string line;
    std::getline(file, line);
    std::istringstream fields(line.substr(line.rfind(')') + 1));
    std::string skipped;
    for (int field = 3; field < 22; ++field) fields >> skipped;
    LONGLONG ticks = 0;
    fields >> ticks;
    timespec since_boot;
    clock_gettime(CLOCK_BOOTTIME, &since_boot);
    const LONGLONG age = since_boot.tv_sec * units_per_second + since_boot.tv_nsec / 100 -
                         ticks * (units_per_second / sysconf(_SC_CLK_TCK));
    return absolute(std::chrono::milliseconds(0)).QuadPart - age;
}

}  // namespace

Section::Section(std::size_t size, Kind kind) {
    if (kind != Kind::committed) throw CannotTest{"native sections are always committed and writable"};
    LARGE_INTEGER length;
    length.QuadPart = static_cast<LONGLONG>(size);
    EXPECT_STATUS(STATUS_SUCCESS, NtCreateSection(handle_.put(), 0, nullptr, &length, 0, 0, nullptr));
}

bool is_mapped(const void* address) {
    const auto page = reinterpret_cast<std::uintptr_t>(address) & ~std::uintptr_t{0xFFF};
    return msync(reinterpret_cast<void*>(page), 1, MS_ASYNC) == 0 || errno != ENOMEM;
}

HANDLE duplicate(HANDLE handle) {
    HANDLE result = nullptr;
    EXPECT_STATUS(STATUS_SUCCESS, NtDuplicateObject(NtCurrentProcess(), handle, NtCurrentProcess(), &result,
                                                    0, 0, DUPLICATE_SAME_ACCESS));
    return result;
}

NTSTATUS wait_for(HANDLE handle, std::chrono::milliseconds timeout) {
    LARGE_INTEGER limit = relative(timeout);
    return NtWaitForSingleObject(handle, FALSE, &limit);
}

LONGLONG process_creation_time() {
    return start_time("/proc/self/stat");
}

LONGLONG thread_creation_time() {
    return start_time("/proc/self/task/" + std::to_string(gettid()) + "/stat");
}

// Both sides convert from a clock that counts from boot, and the system clock may be adjusted in between.
const LONGLONG creation_time_tolerance = units_per_second;

bool thread_has_token() {
    return false;
}

bool is_impersonating() {
    return true;
}

void revert() {}

bool holds_tcb_privilege() {
    return false;
}

}  // namespace ntalpc::conformance::lpc

#endif
