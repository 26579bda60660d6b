// SPDX-License-Identifier: LGPL-2.1-or-later
// For unit tests that make real calls: an alpcserver of their own, in a directory of its own, for the whole
// test program.
#pragma once

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

extern char** environ;

namespace ntalpc {

class PrivateServer {
  public:
    // Starts it when it is first asked for, before this process makes its first call.
    static PrivateServer& instance() {
        static PrivateServer server;
        return server;
    }
    PrivateServer(const PrivateServer&) = delete;
    PrivateServer& operator=(const PrivateServer&) = delete;
    ~PrivateServer() {
        const bool stopped = !running_ || run_server({"-k"});
        std::error_code ignored;  // a directory left in /tmp does no harm
        std::filesystem::remove_all(runtime_, ignored);
        if (stopped) return;
        std::fputs("cannot stop the server of the tests\n", stderr);
        std::_Exit(EXIT_FAILURE);  // the tests have had their results already
    }

    bool running() const { return running_; }

  private:
    PrivateServer() {
        char directory[] = "/tmp/ntalpc-core-XXXXXX";
        if (!mkdtemp(directory)) return;
        runtime_ = directory;
        binary_ = server_binary();
        setenv("XDG_RUNTIME_DIR", directory, 1);
        setenv("WINEPREFIX", (runtime_ + "/prefix").c_str(), 1);
        setenv("NTALPC_SERVER_BINARY", binary_.c_str(), 1);
        unsetenv("NTALPC_PATH");  // the tests know how soon messages go directly
        running_ = run_server({});
    }

    // What it starts ends when the server is ready, or has ended.
    bool run_server(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "alpcserver");
        std::vector<char*> pointers;
        for (std::string& argument : arguments) pointers.push_back(argument.data());
        pointers.push_back(nullptr);
        pid_t process;
        if (posix_spawn(&process, binary_.c_str(), nullptr, nullptr, pointers.data(), environ) != 0)
            return false;
        int status = -1;
        while (waitpid(process, &status, 0) < 0 && errno == EINTR) continue;
        return status == 0;
    }

    static std::string server_binary() {
        if (const char* const given = std::getenv("NTALPC_SERVER_BINARY")) return given;
        const auto own = std::filesystem::read_symlink("/proc/self/exe");
        return (own.parent_path() / "../server/alpcserver").lexically_normal();
    }

    std::string runtime_, binary_;
    bool running_ = false;
};

}  // namespace ntalpc
