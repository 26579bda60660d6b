// SPDX-License-Identifier: LGPL-2.1-or-later
#ifndef _WIN32

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "bench/platform.h"
#include "ntalpc/server_location.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc::bench {

namespace {

cpu_set_t set_of(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const int usable : usable_cores()) {
        if (core == kAnyCore || core == usable) CPU_SET(usable, &set);
    }
    return set;
}

}  // namespace

const std::vector<int>& usable_cores() {
    static const std::vector<int> cores = [] {
        std::vector<int> found;
        cpu_set_t set;
        if (sched_getaffinity(0, sizeof(set), &set) != 0) fail("cannot ask which cores there are");
        for (int core = 0; core < CPU_SETSIZE; ++core) {
            if (CPU_ISSET(core, &set)) found.push_back(core);
        }
        return found;
    }();
    return cores;
}

void run_on_core(int core) {
    const cpu_set_t set = set_of(core);
    if (sched_setaffinity(0, sizeof(set), &set) != 0) fail("cannot choose a core; run it without taskset");
}

unsigned long server_process() {
    unsigned long id = 0;
    std::ifstream lock(server_directory(prefix_from_environment()) + "/lock");
    lock >> id;
    return id;
}

void run_server_on_core(int core) {
    const cpu_set_t set = set_of(core);
    const auto id = static_cast<pid_t>(server_process());
    if (id == 0 || sched_setaffinity(id, sizeof(set), &set) != 0)
        fail("cannot choose the core of alpcserver; is it one that this user has started?");
}

unsigned long process_id() {
    return static_cast<unsigned long>(getpid());
}

const char* world() {
    return "native";
}

void end_process(int exit_code) {
    _exit(exit_code);
}

double memory_of(const std::vector<unsigned long>& processes) {
    double bytes = 0;
    for (const unsigned long process : processes) {
        std::ifstream rollup("/proc/" + std::to_string(process) + "/smaps_rollup");
        std::string line;
        while (std::getline(rollup, line)) {
            if (line.starts_with("Pss:")) bytes += 1024 * std::strtod(line.c_str() + 4, nullptr);
        }
    }
    return bytes;
}

int most_connections() {
    constexpr int others = 200;
    rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) fail("cannot ask how many files may be open");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) fail("cannot raise the limit on open files to its maximum");
    // The server has both ends of a connection.
    return static_cast<int>(limit.rlim_max / 2) - others;
}

struct Child::System {
    pid_t process = 0;
    UniqueFd input, output;
};

Child::Child(const std::string& role, const std::vector<std::string>& arguments, int core,
             const std::vector<int>& descriptors)
    : system_(new System), role_(role) {
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
        fail("cannot make a pipe; raise the limit on open files");
    system_->input.reset(to[1]);
    system_->output.reset(from[0]);
    const UniqueFd child_input(to[0]), child_output(from[1]);
    std::vector<std::string> words = {"alpcbench", "--role", role, std::to_string(core)};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, child_input.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, child_output.get(), STDOUT_FILENO);
    // First out of the way of each other.
    std::vector<UniqueFd> moved;
    for (const int descriptor : descriptors) {
        const int place = kInheritedDescriptor + static_cast<int>(moved.size());
        moved.emplace_back(fcntl(descriptor, F_DUPFD_CLOEXEC, 32));
        posix_spawn_file_actions_adddup2(&actions, moved.back().get(), place);
    }
    const int error =
        posix_spawn(&system_->process, "/proc/self/exe", &actions, nullptr, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) fail("cannot start a process; are there too many?");
    id_ = static_cast<unsigned long>(system_->process);
}

Child::~Child() {
    system_->input.reset();
    int status = 0;
    while (waitpid(system_->process, &status, 0) < 0 && errno == EINTR) continue;
    delete system_;
    if (status != 0) fail("the process for " + role_ + " failed");
}

std::string Child::read_line() {
    std::size_t end;
    while ((end = buffered_.find('\n')) == std::string::npos) {
        char piece[512];
        const ssize_t size = read(system_->output.get(), piece, sizeof(piece));
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) fail("the process for " + role_ + " ended early; what it says is above");
        buffered_.append(piece, static_cast<std::size_t>(size));
    }
    const std::string line = buffered_.substr(0, end);
    buffered_.erase(0, end + 1);
    return line;
}

void Child::write_line(const std::string& line) {
    const std::string text = line + "\n";
    if (write(system_->input.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        fail("the process for " + role_ + " does not listen any more");
}

}  // namespace ntalpc::bench

#endif
