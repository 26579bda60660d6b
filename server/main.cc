// SPDX-License-Identifier: LGPL-2.1-or-later
// alpcserver: command line, daemon mode, and the commands that act on a running server.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <system_error>

#include "ntalpc/full_disk.h"
#include "ntalpc/server_location.h"
#include "server/limits.h"
#include "server/listener.h"
#include "server/log.h"
#include "server/options.h"
#include "server/server.h"
#include "server/service_manager.h"

#ifndef NTALPC_VERSION
#error "the build defines NTALPC_VERSION"
#endif

namespace {

using namespace ntalpc;
using namespace ntalpc::server;

// Exit codes that clients which start the server tell apart.
constexpr int kExitFailure = 1;
constexpr int kExitAlreadyRunning = 2;

int complain(const std::string& what) {
    std::fprintf(stderr, "%salpcserver: %s\n", is_journal(STDERR_FILENO) ? kJournalError : "", what.c_str());
    return kExitFailure;
}

// The lock file of a running server, opened; empty when none runs.
UniqueFd running_server(const Options& options) {
    UniqueFd file(open((options.directory + "/lock").c_str(), O_RDWR | O_CLOEXEC));
    if (!file || !ServerLock::is_held(file.get())) return {};
    return file;
}

int wait_for_end(const Options& options) {
    const UniqueFd lock = running_server(options);
    if (lock && !ServerLock::wait_until_free(lock.get()))
        return complain(std::string("cannot wait for the server: ") + std::strerror(errno));
    return 0;
}

int kill_server(const Options& options) {
    if (!running_server(options)) return complain("no server is running for this prefix");
    int process = 0;
    std::ifstream(options.directory + "/lock") >> process;
    if (process <= 1) return complain("the server has not finished starting; try again");
    if (kill(process, options.kill_signal) != 0) {
        return complain("cannot signal process " + std::to_string(process) + ": " + std::strerror(errno));
    }
    return wait_for_end(options);
}

// Detaches from whoever started us: a lingering server must not keep a pipe or a directory of theirs busy.
void detach(const Options& options) {
    setsid();
    if (chdir("/") != 0) throw std::system_error(errno, std::generic_category(), "cannot enter /");
    const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
    const std::string path = options.directory + "/log";
    const UniqueFd file(
        open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!null || !file) throw std::system_error(errno, std::generic_category(), "cannot open " + path);
    dup2(null.get(), STDIN_FILENO);
    dup2(null.get(), STDOUT_FILENO);
    dup2(file.get(), STDERR_FILENO);
}

// A server that clients start has their limit on open files, which is meant for programs that use select().
std::size_t raise_descriptor_limit() {
    rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_max;
}

// Theirs on the size of files as well: memory that is shared counts as a file.
void raise_file_size_limit() {
    rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
}

std::string take_limits(const Options& options, Limits* limits) {
    *limits = default_limits(options.system, raise_descriptor_limit());
    const bool given = !options.limits_file.empty();
    std::string wrong = read_limits(given ? options.limits_file : limits_file(options.system), given, limits);
    for (const std::string& limit : options.limits) {
        if (wrong.empty()) wrong = set_limit(limit, limits);
    }
    return wrong;
}

int run(const Options& options, const Limits& limits, int ready_pipe) {
    try {
        ServerLock lock;
        if (!lock.take(options.directory)) {
            if (options.foreground) complain("another server is running for this prefix; stop it with -k");
            return kExitAlreadyRunning;
        }
        lock.write_process_id();
        serve(options, limits, [&] {
            lock.let_others_look();
            if (ready_pipe >= 0) detach(options);
            protect_log();
            if (ready_pipe < 0) return;
            const char ready = 'r';
            [[maybe_unused]] const ssize_t written = write(ready_pipe, &ready, 1);
            close(ready_pipe);
        });
        return 0;
    } catch (const std::exception& failure) {
        return complain(failure.what());
    }
}

// The process that was started ends when the server it leaves behind is ready, or says why there is none.
int run_in_background(const Options& options, const Limits& limits) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return complain(std::string("cannot make a pipe: ") + std::strerror(errno));
    const pid_t child = fork();
    if (child < 0) return complain(std::string("cannot fork: ") + std::strerror(errno));
    if (child == 0) {
        close(ends[0]);
        std::_Exit(run(options, limits, ends[1]));
    }
    close(ends[1]);
    char ready = 0;
    ssize_t size;
    while ((size = read(ends[0], &ready, 1)) < 0 && errno == EINTR) continue;
    if (size == 1) return 0;
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : kExitFailure;
}

// A client that starts us may have any signal blocked or ignored and any descriptor open.
void forget_inheritance(int kept) {
    if (kept < 0) {
        close_range(3, ~0U, 0);
    } else {
        close_range(static_cast<unsigned>(kept) + 1, ~0U, 0);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int number = 1; number < 32; ++number) std::signal(number, SIG_DFL);
    fail_writes_beyond_limit();
    raise_file_size_limit();
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    if (const std::string wrong = parse_options(argc, argv, &options); !wrong.empty()) return complain(wrong);
    switch (options.action) {
        case Options::Action::help:
            std::fputs(kUsage, stdout);
            return finish_output("alpcserver", 0);
        case Options::Action::version:
            std::puts("alpcserver " NTALPC_VERSION);
            return finish_output("alpcserver", 0);
        case Options::Action::kill:
            return kill_server(options);
        case Options::Action::wait:
            return wait_for_end(options);
        case Options::Action::show_limits:
        case Options::Action::serve:
            break;
    }
    Limits limits;
    if (const std::string wrong = take_limits(options, &limits); !wrong.empty()) return complain(wrong);
    if (options.action == Options::Action::show_limits) {
        std::fputs(text_of(limits).c_str(), stdout);
        return finish_output("alpcserver", 0);
    }
    const std::string wrong =
        options.system ? make_system_directory(options.directory) : make_server_directory(options.directory);
    if (!wrong.empty()) return complain(wrong);
    if (const std::string bad = take_inherited_socket(&options.inherited_socket); !bad.empty())
        return complain(bad);
    forget_inheritance(options.inherited_socket);
    set_log_level(options.debug_level);
    if (is_journal(STDERR_FILENO)) set_log_form(LogForm::journal);
    return options.foreground ? run(options, limits, -1) : run_in_background(options, limits);
}
