// SPDX-License-Identifier: LGPL-2.1-or-later
#ifndef _WIN32

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "conformance/harness/process.h"

namespace ntalpc::conformance {

namespace {

pid_t id_of(void* handle) {
    return static_cast<pid_t>(reinterpret_cast<std::intptr_t>(handle));
}

}  // namespace

Process::Process(const std::string& part, const std::vector<std::string>& arguments) {
    char path[4096];
    const ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (size < 0) return;
    path[size] = '\0';
    std::vector<std::string> words = {path, "--part=" + part};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    pid_t child;
    if (posix_spawn(&child, path, nullptr, nullptr, pointers.data(), environ) == 0)
        handle_ = reinterpret_cast<void*>(static_cast<std::intptr_t>(child));
}

int Process::wait() {
    if (!handle_) return -1;
    int status = 0;
    pid_t ended;
    while ((ended = waitpid(id_of(handle_), &status, 0)) < 0 && errno == EINTR) continue;
    handle_ = nullptr;
    return ended > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Process::~Process() {
    wait();
}

}  // namespace ntalpc::conformance

#endif
