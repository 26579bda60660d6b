// SPDX-License-Identifier: LGPL-2.1-or-later
// How long a program that uses none of the calls takes from start to end through alpcrun, against its floor:
// the same under wine, in the same prefix and in the same run. WINE and WINEPREFIX say which; without a
// prefix one is made for the run.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr int kSamples = 15;  // alternating between floor and alpcrun, so that noise meets both
constexpr const char* kProgram = "conformance/e2e/plain_program.exe";
constexpr const char* kLauncher = "tools/alpcrun/alpcrun";
constexpr int kExitCodeOfProgram = 7;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "startup: %s\n", what.c_str());
    std::exit(1);
}

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

double time_of(const std::string& launcher) {
    const auto begin = std::chrono::steady_clock::now();
    if (run({launcher, kProgram}) != kExitCodeOfProgram)
        fail(std::string(kProgram) + " failed with " + launcher);
    return Milliseconds(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> samples) {
    std::sort(samples.begin(), samples.end());
    return samples[samples.size() / 2];
}

void make_prefix() {
    setenv("WINEDEBUG", "-all", 0);
    setenv("WINEDLLOVERRIDES", "mscoree,mshtml=", 0);
    if (std::getenv("WINEPREFIX")) return;
    const char* const directory = std::getenv("XDG_RUNTIME_DIR");
    if (!directory) fail("there is no place for a prefix; set WINEPREFIX or start it with bench/run");
    setenv("WINEPREFIX", (std::string(directory) + "/prefix").c_str(), 1);
}

}  // namespace

int main() {
    const char* const wine = std::getenv("WINE");
    if (!wine || !*wine || !std::filesystem::exists(kProgram)) {
        std::printf("startup: not measured, because this build is without Wine\n");
        return 0;
    }
    make_prefix();
    if (run({wine, "wineboot", "-u"}) != 0)
        fail("wineboot failed; is " + std::string(wine) + " a working Wine?");
    // From here on both find a wineserver that runs and files that have been read.
    time_of(wine);
    time_of(kLauncher);
    std::vector<double> floor, ours;
    for (int i = 0; i < kSamples; ++i) {
        floor.push_back(time_of(wine));
        ours.push_back(time_of(kLauncher));
    }
    std::printf("startup of a plain program: wine %.1f ms, alpcrun %.1f ms, ratio %.2f\n", median(floor),
                median(ours), median(ours) / median(floor));
    if (const char* server = std::getenv("WINESERVER"); server && *server) run({server, "-k"});
    return 0;
}
