// SPDX-License-Identifier: LGPL-2.1-or-later
// How long a program that uses none of the calls takes from start to end through alpcrun, against the same
// under wine, in the same prefix. WINE says which, WINEPREFIX where; both are what bench/run sets.
#include "bench/cases.h"

#ifndef _WIN32

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace ntalpc::bench {

namespace {

constexpr const char* kProgram = "conformance/e2e/plain_program.exe";
constexpr const char* kLauncher = "tools/alpcrun/alpcrun";
constexpr int kExitCodeOfProgram = 7;

// The exit status of a program whose output nobody wants.
int run(std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0);
    pid_t child = 0;
    const int error = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) fail("cannot start " + words[0] + "; run make first, in this directory");
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class Start final : public Contestant {
  public:
    explicit Start(const std::string& launcher) : launcher_(launcher) {}
    void round() override {
        if (run({launcher_, kProgram}) != kExitCodeOfProgram)
            fail(std::string(kProgram) + " failed with " + launcher_ +
                 "; is WINEPREFIX a prefix that works?");
    }

  private:
    const std::string launcher_;
};

Entrant start(const char* name, const std::string& launcher) {
    return {name, [launcher](const Placement&) { return std::make_unique<Start>(launcher); }};
}

}  // namespace

void add_startup_cases(std::vector<Case>& cases) {
    const char* const wine = std::getenv("WINE");
    if (!wine || !*wine || !std::filesystem::exists(kProgram)) return;
    Case made;
    made.name = "startup";
    made.title = "a trivial program from start to end";
    made.run = [wine = std::string(wine)](const Settings&) {
        return Result{take_turns({start("alpcrun", kLauncher), start("wine", wine)}, {{}, 4e9})};
    };
    made.targets = {{Bound::at_most, 1.05, "wine"}};
    cases.push_back(made);
}

}  // namespace ntalpc::bench

#else

namespace ntalpc::bench {

void add_startup_cases(std::vector<Case>&) {}

}  // namespace ntalpc::bench

#endif
