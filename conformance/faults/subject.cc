// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/faults/subject.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "ntalpc/server_location.h"

namespace ntalpc::faults {

namespace {

std::set<std::string> files_below(const std::string& directory) {
    std::set<std::string> result;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
        result.insert(entry.path().string());
    return result;
}

}  // namespace

std::size_t descriptors_of(pid_t process) {
    std::error_code gone;
    const std::filesystem::directory_iterator entries("/proc/" + std::to_string(process) + "/fd", gone);
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::string Possessions::difference(const Possessions& now) const {
    if (std::memcmp(&counts, &now.counts, sizeof(counts)) != 0) {
        std::string before, after;
        wire::describe(before, counts);
        wire::describe(after, now.counts);
        return "the server has " + after + "and had " + before;
    }
    if (descriptors != now.descriptors)
        return "the server has " + std::to_string(now.descriptors) + " descriptors, and had " +
               std::to_string(descriptors);
    for (const std::string& file : now.files)
        if (!files.contains(file)) return file + " has been left";
    return {};
}

Subject::Subject(const std::string& binary) {
    char directory[] = "/tmp/ntalpc-faults-XXXXXX";
    if (!mkdtemp(directory))
        throw std::system_error(errno, std::generic_category(), "cannot make a directory");
    runtime_ = directory;
    const std::string prefix = runtime_ + "/prefix";
    setenv("XDG_RUNTIME_DIR", directory, 1);
    setenv("WINEPREFIX", prefix.c_str(), 1);
    setenv("NTALPC_SERVER_BINARY", binary.c_str(), 1);
    unsetenv("NTALPC_SYSTEM");
    directory_ = server_directory(prefix);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

Subject::~Subject() {
    remove();
    std::error_code ignored;  // a directory left in /tmp does no harm
    std::filesystem::remove_all(runtime_, ignored);
}

// A process id in the file of a server that has gone may be somebody else's by now, but not a child of ours.
pid_t Subject::running() const {
    pid_t process = 0;
    std::ifstream(directory_ + "/lock") >> process;
    return process > 1 && waitpid(process, nullptr, WNOHANG) == 0 ? process : 0;
}

void Subject::find() {
    process_ = running();
    client_ = std::make_unique<ServerClient>(directory_);
}

Possessions Subject::look() {
    Possessions result;
    result.counts = client_->call<wire::ServerStatus>();
    result.counts.server_process_id = 0;  // another one is as good
    result.descriptors = descriptors_of(process_);
    result.files = files_below(runtime_);
    return result;
}

void Subject::forget() {
    client_.reset();
    process_ = 0;
}

void Subject::remove() {
    forget();
    while (const pid_t process = running()) {
        kill(process, SIGKILL);
        while (waitpid(process, nullptr, 0) < 0 && errno == EINTR) continue;
    }
}

}  // namespace ntalpc::faults
