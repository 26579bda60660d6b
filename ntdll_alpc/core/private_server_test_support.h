// SPDX-License-Identifier: LGPL-2.1-or-later
// For unit tests that make real calls: an alpcserver of their own, in a directory of its own, for the whole
// test program.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "ntalpc/server_location.h"

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
        if (process_ > 0) {
            kill(process_, SIGTERM);
            waitpid(process_, nullptr, 0);
        }
        std::error_code ignored;  // a directory left in /tmp does no harm
        std::filesystem::remove_all(runtime_, ignored);
    }

    bool running() const { return running_; }

  private:
    PrivateServer() {
        char directory[] = "/tmp/ntalpc-core-XXXXXX";
        if (!mkdtemp(directory)) return;
        runtime_ = directory;
        const std::string binary = server_binary();
        setenv("XDG_RUNTIME_DIR", directory, 1);
        setenv("WINEPREFIX", (runtime_ + "/prefix").c_str(), 1);
        setenv("NTALPC_SERVER_BINARY", binary.c_str(), 1);
        std::string name = "alpcserver", option = "-f";
        char* const arguments[] = {name.data(), option.data(), nullptr};
        if (posix_spawn(&process_, binary.c_str(), nullptr, nullptr, arguments, environ) != 0) process_ = 0;
        running_ = process_ > 0 && wait_for_socket();
    }

    static std::string server_binary() {
        if (const char* const given = std::getenv("NTALPC_SERVER_BINARY")) return given;
        const auto own = std::filesystem::read_symlink("/proc/self/exe");
        return (own.parent_path() / "../server/alpcserver").lexically_normal();
    }

    static bool wait_for_socket() {
        const std::filesystem::path socket = server_directory(prefix_from_environment()) + "/socket";
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!std::filesystem::exists(socket)) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return true;
    }

    std::string runtime_;
    pid_t process_ = 0;
    bool running_ = false;
};

}  // namespace ntalpc
