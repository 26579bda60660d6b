// SPDX-License-Identifier: LGPL-2.1-or-later
// Who a native process and its threads are.
#include <unistd.h>

#include <array>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>

#include "core/host.h"

namespace ntalpc::host {

namespace {

constexpr std::int64_t kUnitsPerSecond = 10'000'000;
constexpr std::int64_t kSeconds1601To1970 = 11644473600;

// The start time in a stat file of /proc: field 22, in clock ticks since boot. 0 when it cannot be read.
std::int64_t start_time(const std::string& stat_file) {
    std::ifstream file(stat_file);
    std::string line;
    if (!std::getline(file, line)) return 0;
    // The second field is a name in parentheses that may contain anything.
    std::istringstream fields(line.substr(line.rfind(')') + 1));
    std::string skipped;
    for (int field = 3; field < 22; ++field) fields >> skipped;
    std::int64_t ticks = 0;
    fields >> ticks;
    timespec real, boot;
    clock_gettime(CLOCK_REALTIME, &real);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    const std::int64_t boot_time = (real.tv_sec - boot.tv_sec + kSeconds1601To1970) * kUnitsPerSecond +
                                   (real.tv_nsec - boot.tv_nsec) / 100;
    return boot_time + ticks * (kUnitsPerSecond / sysconf(_SC_CLK_TCK));
}

std::string image_path() {
    std::array<char, 4096> path;
    const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
    return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length))
                      : std::string("unknown program");
}

}  // namespace

ProcessFacts process_facts() {
    ProcessFacts facts;
    facts.process_id = static_cast<std::uint64_t>(getpid());
    facts.creation_time = start_time("/proc/self/stat");
    facts.session_id = 1;  // where Wine's programs are
    facts.image_path = image_path();
    return facts;
}

ThreadFacts thread_facts() {
    ThreadFacts facts;
    facts.thread_id = static_cast<std::uint64_t>(gettid());
    facts.creation_time = start_time("/proc/self/task/" + std::to_string(gettid()) + "/stat");
    return facts;
}

}  // namespace ntalpc::host
