// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conformance/load/server.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "conformance/load/event.h"
#include "ntalpc/server_location.h"

namespace ntalpc::load {

namespace {

std::string output_of(const std::string& command) {
    std::FILE* const pipe = popen(command.c_str(), "r");
    if (!pipe) throw std::runtime_error("cannot run " + command);
    std::string text;
    char buffer[512];
    while (const std::size_t size = std::fread(buffer, 1, sizeof(buffer), pipe)) text.append(buffer, size);
    if (pclose(pipe) != 0) throw std::runtime_error(command + " fails");
    return text;
}

}  // namespace

// A user's limits and server are not those of the test. NTALPC_PATH and the like are passed on.
ServerUnderLoad::ServerUnderLoad(const std::string& alpcserver, const std::string& alpcctl)
    : alpcserver_(alpcserver), alpcctl_(alpcctl) {
    char path[] = "/tmp/ntalpc-load-XXXXXX";
    if (!mkdtemp(path)) throw std::runtime_error("cannot make a directory in /tmp");
    directory_ = path;
    setenv("XDG_RUNTIME_DIR", path, 1);
    setenv("XDG_CONFIG_HOME", path, 1);
    setenv("WINEPREFIX", (directory_ + "/prefix").c_str(), 1);
    setenv("NTALPC_SERVER_BINARY", alpcserver_.c_str(), 1);
    unsetenv("NTALPC_SYSTEM");
    output_of("'" + alpcserver_ + "' -p");
    std::ifstream(server_directory(prefix_from_environment()) + "/lock") >> process_;
    if (process_ <= 1) throw std::runtime_error("the server does not say which process it is");
    end_ = end_of_process(process_);
}

ServerUnderLoad::~ServerUnderLoad() {
    kill(process_, SIGTERM);
    std::error_code ignored;  // what cannot be removed is in /tmp
    std::filesystem::remove_all(directory_, ignored);
}

bool ServerUnderLoad::runs() const {
    return !wait_for_any({end_.get()}, std::chrono::milliseconds(0));
}

std::string ServerUnderLoad::leftovers() const {
    std::istringstream counts(output_of("'" + alpcctl_ + "' status"));
    std::string name, text;
    for (unsigned long long value; counts >> name >> value;) {
        if (value != 0 && name != "server_process_id") text += " " + std::to_string(value) + " " + name;
    }
    return text;
}

}  // namespace ntalpc::load
