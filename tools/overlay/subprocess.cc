// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a helper program and waits for it, with a limit where one is given.
#include "overlay/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "ntalpc/unique_fd.h"

namespace ntalpc {
namespace {

// Environment and argument lists in the form that exec wants. The strings must outlive the result.
std::vector<char*> pointers_to(std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    for (std::string& text : strings) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& changes) {
    std::vector<std::string> environment;
    for (char** entry = environ; *entry; ++entry) {
        const std::string text = *entry;
        if (!changes.contains(text.substr(0, text.find('=')))) environment.push_back(text);
    }
    for (const auto& [name, value] : changes) environment.push_back(name + "=" + value);
    return environment;
}

Result<pid_t> spawn(const Command& command, int output, int errors) {
    std::vector<std::string> arguments = command.arguments;
    std::vector<std::string> environment = environment_with(command.environment);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (errors >= 0) {
        posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    } else {
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    }
    pid_t child = -1;
    const int error = posix_spawn(&child, arguments[0].c_str(), &actions, nullptr,
                                  pointers_to(arguments).data(), pointers_to(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    if (error) {
        return Failure{"Cannot run '" + arguments[0] + "': " + std::strerror(error) +
                       "; check that the file exists and is executable."};
    }
    return child;
}

// True when the child ended within the limit.
bool ends_in_time(pid_t child, std::chrono::milliseconds limit) {
    const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
    if (!process) return true;  // a kernel before 5.3: wait as long as it takes
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd waited = {process.get(), POLLIN, 0};
        const int ready = poll(&waited, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
        if (ready > 0) return true;
        if (ready == 0) return false;
        if (errno != EINTR) return true;
    }
}

CommandOutcome wait_for(pid_t child, const Command& command) {
    CommandOutcome outcome;
    if (command.limit && !ends_in_time(child, *command.limit)) {
        outcome.timed_out = true;
        kill(child, SIGTERM);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    outcome.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return outcome;
}

std::string read_all(int fd) {
    std::string text;
    char buffer[512];
    for (;;) {
        const ssize_t count = read(fd, buffer, sizeof(buffer));
        if (count > 0) text.append(buffer, static_cast<std::size_t>(count));
        if (count == 0 || (count < 0 && errno != EINTR)) return text;
    }
}

}  // namespace

Result<CommandOutcome> run_command(const Command& command) {
    const Result<pid_t> child = spawn(command, STDERR_FILENO, STDERR_FILENO);
    if (!child) return child.error();
    return wait_for(*child, command);
}

Result<CommandOutcome> capture_output(const Command& command) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) {
        return Failure{std::string("Cannot make a pipe: ") + std::strerror(errno) +
                       "; too many files are open."};
    }
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    const Result<pid_t> child = spawn(command, writer.get(), -1);
    if (!child) return child.error();
    writer.reset();
    std::string output = read_all(reader.get());
    CommandOutcome outcome = wait_for(*child, command);
    outcome.output = std::move(output);
    return outcome;
}

}  // namespace ntalpc
