// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/load/processes.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>

namespace ntalpc::load {

using namespace std::chrono_literals;

Crew::Crew(Board& board, std::array<Process, kMostProcesses>& places, const char* name, std::uint32_t size,
           Role role)
    : board_(board), places_(places), name_(name), role_(std::move(role)), members_(size, 0) {}

void Crew::start_all() {
    for (std::uint32_t number = 0; number < size(); ++number) start(number);
}

void Crew::start(std::uint32_t number) {
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child < 0) return fail(board_, "no process could be started");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) std::_Exit(1);
        role_(number);
        std::_Exit(0);
    }
    members_[number] = child;
}

// While the generation is odd one is about to end.
void Crew::replace(std::uint32_t number) {
    if (members_[number] == 0) return;
    ++places_[number].generation;
    kill(members_[number], SIGKILL);
    waitpid(members_[number], nullptr, 0);
    places_[number].open = 0;
    places_[number].serves.clear();
    ++places_[number].generation;
    start(number);
}

void Crew::check_status(std::uint32_t number, int status) {
    members_[number] = 0;
    if (WIFSIGNALED(status)) fail(board_, name_ + " was ended by signal " + std::to_string(WTERMSIG(status)));
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        fail(board_, name_ + " ended with " + std::to_string(WEXITSTATUS(status)));
}

void Crew::check_all_run() {
    for (std::uint32_t number = 0; number < size(); ++number) {
        int status = 0;
        if (members_[number] == 0 || waitpid(members_[number], &status, WNOHANG) != members_[number])
            continue;
        check_status(number, status);
        fail(board_, name_ + " ended before its time");
    }
}

void Crew::wait_for_all(std::int64_t seconds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    for (std::uint32_t number = 0; number < size(); ++number) {
        const pid_t member = members_[number];
        if (member == 0) continue;
        const auto left = end - std::chrono::steady_clock::now();
        const auto time = std::max(std::chrono::ceil<std::chrono::milliseconds>(left), 0ms);
        const bool ended = wait_for_any({end_of_process(member).get()}, time);
        if (!ended) kill(member, SIGKILL);
        int status = 0;
        waitpid(member, &status, 0);
        if (ended) {
            check_status(number, status);
        } else {
            members_[number] = 0;
            fail(board_, name_ + " does not end");
        }
    }
}

}  // namespace ntalpc::load
