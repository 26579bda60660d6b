// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/faults/victim.h"

#include <sched.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "conformance/faults/failing_calls.h"

namespace ntalpc::faults {

namespace {

constexpr int kSystemCallStop = SIGTRAP | 0x80;

char state_in(const std::filesystem::path& stat) {
    std::ifstream file(stat);
    std::string line;
    std::getline(file, line);
    const std::size_t name_ends = line.rfind(')');
    return name_ends == std::string::npos || name_ends + 2 >= line.size() ? '\0' : line[name_ends + 2];
}

void wait_for_stop(pid_t thread) {
    int status = 0;
    while (waitpid(thread, &status, __WALL) < 0 && errno == EINTR) continue;
}

}  // namespace

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::kill:
            return "kill";
        case Kind::kill_instruction:
            return "kill-instruction";
        case Kind::stop:
            return "stop";
        case Kind::fail_call:
            return "fail-call";
        case Kind::fail_allocation:
            return "fail-allocation";
        case Kind::few_descriptors:
            return "few-descriptors";
        case Kind::none:
            break;
    }
    return "none";
}

Victim::~Victim() {
    if (threads_.empty()) return;
    if (struck_ && (fault_.kind == Kind::kill || fault_.kind == Kind::kill_instruction)) return;
    for (const pid_t thread : threads_) {
        if (ptrace(PTRACE_INTERRUPT, thread, 0, 0) == 0) wait_for_stop(thread);
        ptrace(PTRACE_DETACH, thread, 0, 0);
    }
}

void Victim::seize() {
    constexpr long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SEIZE, process_, 0, options) != 0 || ptrace(PTRACE_INTERRUPT, process_, 0, 0) != 0)
        throw std::system_error(errno, std::generic_category(), "cannot follow a process");
    threads_.insert(process_);
    wait_for_stop(process_);
    resume(process_);
}

void Victim::changed(pid_t thread, int status) {
    if (WIFSTOPPED(status)) {
        threads_.insert(thread);
        stopped(thread, status);
    } else {
        threads_.erase(thread);
    }
}

void Victim::stopped(pid_t thread, int status) {
    const int signal = WSTOPSIG(status);
    if (signal == kSystemCallStop) {
        count(thread);
    } else if (status >> 16 != 0) {
        resume(thread);  // a thread begins, or has been interrupted
    } else if (signal == SIGTRAP && thread == single_stepped_) {
        count_instruction(thread);
    } else {
        resume(thread, signal);
    }
}

void Victim::count(pid_t thread) {
    if (struck_) {
        if (thread == failing_) {
            fail_call(thread, error_);
            failing_ = 0;
        }
        return resume(thread);
    }
    if (fault_.kind == Kind::kill_instruction) {
        if (single_stepped_ == 0 && state_ && state_->critical != 0) single_stepped_ = thread;
        return resume(thread);
    }
    if (!matters(thread)) return resume(thread);
    if (++steps_ == fault_.step) return strike(thread);
    resume(thread);
}

// Of calls that fail only their beginning counts, and only of those that may.
bool Victim::matters(pid_t thread) {
    return fault_.kind != Kind::fail_call || (error_ = possible_error(thread)) != 0;
}

void Victim::count_instruction(pid_t thread) {
    if (state_->critical == 0) {
        single_stepped_ = 0;
    } else if (++steps_ == fault_.step) {
        return strike(thread);
    }
    resume(thread);
}

void Victim::strike(pid_t thread) {
    struck_ = true;
    switch (fault_.kind) {
        case Kind::kill:
        case Kind::kill_instruction:
            kill(process_, SIGKILL);
            break;
        case Kind::stop:
            stop_all(thread);
            break;
        case Kind::fail_call:
            skip_call(thread);
            failing_ = thread;
            resume(thread);
            break;
        case Kind::fail_allocation:  // nobody is followed for these
        case Kind::few_descriptors:
        case Kind::none:
            break;
    }
}

// A process is stopped as one: the signal is there before any of its threads is let go.
void Victim::stop_all(pid_t thread) {
    for (const pid_t other : threads_) {
        if (other == thread) continue;
        if (ptrace(PTRACE_INTERRUPT, other, 0, 0) == 0) wait_for_stop(other);
    }
    kill(process_, SIGSTOP);
    for (const pid_t each : threads_) ptrace(PTRACE_DETACH, each, 0, 0);
    threads_.clear();
    char state;
    while ((state = state_of_process(process_)) != 'T' && state != 'Z' && state != '\0') sched_yield();
}

void Victim::go_on() {
    kill(process_, SIGCONT);
}

void Victim::resume(pid_t thread, int signal) {
    const auto how = thread == single_stepped_ ? PTRACE_SINGLESTEP : PTRACE_SYSCALL;
    ptrace(how, thread, 0, signal);  // one that has been killed meanwhile cannot, and need not
}

char state_of_process(pid_t process) {
    return state_in("/proc/" + std::to_string(process) + "/stat");
}

bool is_quiet(pid_t process) {
    std::error_code gone;
    for (const auto& task :
         std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task", gone)) {
        const char state = state_in(task.path() / "stat");
        if (state == 'R' || state == 'D') return false;
    }
    return true;
}

}  // namespace ntalpc::faults
