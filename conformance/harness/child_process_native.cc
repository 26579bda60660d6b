// SPDX-License-Identifier: LGPL-2.1-or-later
// Child processes as Linux has them.
#ifndef _WIN32

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "conformance/harness/child_process.h"
#include "ntalpc/unique_fd.h"

namespace ntalpc::conformance {

namespace {

ChildEnd end_of(pid_t child, bool was_killed, std::chrono::seconds limit) {
    int status = 0;
    waitpid(child, &status, 0);
    if (was_killed)
        return {ChildEnd::Kind::hung, 0, "did not end within " + std::to_string(limit.count()) + " s"};
    if (WIFSIGNALED(status))
        return {ChildEnd::Kind::crashed, 0, std::string("killed by ") + strsignal(WTERMSIG(status))};
    return {ChildEnd::Kind::exited, static_cast<unsigned long>(WEXITSTATUS(status)), {}};
}

}  // namespace

ChildEnd run_child(const std::vector<std::string>& arguments, std::chrono::seconds limit) {
    std::string name = "alpc_conformance";
    std::vector<char*> words = {name.data()};
    for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    pid_t child = 0;
    const int error = posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, words.data(), environ);
    if (error != 0)
        return {ChildEnd::Kind::not_started, 0, std::string("cannot start a child: ") + std::strerror(error)};
    const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
    pollfd ended = {process.get(), POLLIN, 0};
    const auto milliseconds = std::chrono::milliseconds(limit).count();
    const bool in_time = poll(&ended, 1, static_cast<int>(milliseconds)) > 0;
    if (!in_time) kill(child, SIGKILL);
    return end_of(child, !in_time, limit);
}

void prepare_to_crash() {}

}  // namespace ntalpc::conformance

#endif
