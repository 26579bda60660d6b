// SPDX-License-Identifier: LGPL-2.1-or-later
// alpctrace record, attach and follow: traces of a running server.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "alpctrace/commands.h"
#include "alpctrace/filter.h"
#include "alpctrace/recording.h"
#include "alpctrace/text_format.h"
#include "alpctrace/trace_file.h"
#include "ntalpc/server_location.h"
#include "overlay/subprocess.h"

namespace ntalpc {

namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kWholePayload = 0xFFFF;
constexpr int kServerRunsAlready = 2;  // exit code of alpcserver

volatile sig_atomic_t stop_requested = 0;

void request_stop(int) {
    stop_requested = 1;
}

// Ctrl-C ends the recording, not the recorder: what has come in is written.
void stop_on_signals() {
    struct sigaction action {};
    action.sa_handler = request_stop;
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
}

std::string here() {
    return server_directory(prefix_from_environment());
}

struct RecordOptions {
    std::string file = "trace.alpc";
    std::uint32_t payload = 0;
    Words program;
};

std::uint32_t payload_of(const std::string& text) {
    try {
        std::size_t used = 0;
        const unsigned long value = std::stoul(text, &used);
        if (used == text.size())
            return static_cast<std::uint32_t>(std::min<unsigned long>(value, kWholePayload));
    } catch (const std::logic_error&) {
        // Said below, as for a number with something behind it.
    }
    throw UsageError("--payload takes a number of bytes, not '" + text + "'");
}

RecordOptions parse(const Words& words, bool program_expected) {
    RecordOptions options;
    std::size_t i = 0;
    for (; i < words.size() && words[i].starts_with('-'); ++i) {
        if (words[i] == "--") {
            ++i;
            break;
        }
        if (words[i] == "-o" && i + 1 < words.size()) {
            options.file = words[++i];
        } else if (words[i] == "--payload") {
            options.payload = kWholePayload;
        } else if (words[i].starts_with("--payload=")) {
            options.payload = payload_of(words[i].substr(10));
        } else {
            throw UsageError("'" + words[i] + "' is no option of this command");
        }
    }
    options.program.assign(words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
    if (program_expected && options.program.empty()) throw UsageError("the program to run is missing");
    if (!program_expected && !options.program.empty())
        throw UsageError("attach runs no program; record does");
    return options;
}

fs::path own_directory() {
    return fs::read_symlink("/proc/self/exe").parent_path();
}

// A file of this project: installed beside this tool, or in a build tree. The bare name stands for PATH.
std::string own_program(const std::string& name, const std::string& installed, const std::string& built) {
    for (const fs::path& path : {own_directory() / installed, own_directory() / built}) {
        if (access(path.c_str(), X_OK) == 0) return path.string();
    }
    return name;
}

// The recorder comes before the program, so it is the one who starts the server.
void start_server() {
    const char* const given = std::getenv("NTALPC_SERVER_BINARY");
    const std::string binary =
        given && *given ? given
                        : own_program("alpcserver", "../lib/ntalpc/alpcserver", "../../server/alpcserver");
    if (const std::string wrong = make_server_directory(here()); !wrong.empty()) throw TraceError(wrong);
    const auto outcome = run_command({.arguments = {binary, "--directory=" + here()}});
    if (!outcome) throw TraceError(outcome.error().sentence);
    if (outcome->exit_code != 0 && outcome->exit_code != kServerRunsAlready)
        throw TraceError("the server did not start; see what it says above");
}

// As execvp() finds it; the word itself when it is nowhere.
std::string find_program(const std::string& word) {
    if (word.find('/') != std::string::npos) return word;
    std::istringstream path(std::getenv("PATH") ? std::getenv("PATH") : "");
    for (std::string directory; std::getline(path, directory, ':');) {
        if (const std::string candidate = directory + '/' + word; access(candidate.c_str(), X_OK) == 0)
            return candidate;
    }
    return word;
}

// What is not a file of this system may be a Windows name, which is for Wine to find.
bool is_windows_program(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    char magic[2] = {};
    return !file || (file.read(magic, sizeof(magic)) && std::memcmp(magic, "MZ", sizeof(magic)) == 0);
}

pid_t start(Words program) {
    if (is_windows_program(find_program(program[0])))
        program.insert(program.begin(), own_program("alpcrun", "alpcrun", "../alpcrun/alpcrun"));
    std::vector<char*> arguments;
    for (std::string& word : program) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t child = fork();
    if (child < 0) throw TraceError(std::string("cannot start a process: ") + std::strerror(errno));
    if (child != 0) return child;
    execvp(arguments[0], arguments.data());
    std::fprintf(stderr, "alpctrace: cannot run '%s': %s\n", arguments[0], std::strerror(errno));
    _exit(127);
}

// The exit code of a child that has ended, as a shell tells it.
std::optional<int> ended(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) != child) return std::nullopt;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Until it ends, or somebody wants it to.
void wait_for(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        if (stop_requested) kill(child, SIGTERM);
    }
}

void drain(Recording& recording, TraceWriter& writer) {
    for (wire::Bytes records; !(records = recording.rest()).empty();) writer.write(records);
}

int record(pid_t child, Recording& recording, TraceWriter& writer) {
    std::optional<int> exit_code;
    while (!(exit_code = ended(child)) && !stop_requested) writer.write(recording.next());
    if (!exit_code) kill(child, SIGTERM);
    drain(recording, writer);
    return exit_code.value_or(128 + SIGINT);
}

}  // namespace

// The program goes on when its trace cannot: it may be at work on something.
int run_record(const Words& words) {
    const RecordOptions options = parse(words, true);
    start_server();
    std::optional<Recording> recording(std::in_place, here(), options.payload);
    TraceWriter writer(options.file, recording->header());
    const pid_t child = start(options.program);
    stop_on_signals();
    try {
        return record(child, *recording, writer);
    } catch (const std::exception& error) {
        recording.reset();
        std::fprintf(stderr, "alpctrace: the recording ends, the program goes on: %s\n", error.what());
        wait_for(child);
        return 1;
    }
}

int run_attach(const Words& words) {
    const RecordOptions options = parse(words, false);
    Recording recording(here(), options.payload);
    TraceWriter writer(options.file, recording.header());
    stop_on_signals();
    std::fprintf(stderr, "alpctrace: recording to %s; stop with Ctrl-C\n", options.file.c_str());
    while (!stop_requested) writer.write(recording.next());
    drain(recording, writer);
    return 0;
}

int run_follow(const Words& words) {
    Filter filter;
    std::uint32_t payload = 0;
    for (const std::string& word : words) {
        if (word == "--payload") {
            payload = kWholePayload;
        } else if (!filter.take_option(word)) {
            throw UsageError("'" + word + "' is no option of follow");
        }
    }
    if (!filter.payload.empty()) payload = kWholePayload;
    Recording recording(here(), payload);
    const TextFormat format(recording.header(), isatty(STDOUT_FILENO) != 0);
    Names names;
    stop_on_signals();
    while (!stop_requested) {
        RecordSplitter::split(recording.next(), [&](const Event& event) {
            names.note(event);
            if (filter.passes(event, names)) std::puts(format.line(event, names).c_str());
        });
        if (std::fflush(stdout) != 0) break;
    }
    return 0;
}

}  // namespace ntalpc
