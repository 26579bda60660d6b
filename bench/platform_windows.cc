// SPDX-License-Identifier: LGPL-2.1-or-later
#ifdef _WIN32

#include <windows.h>

#include <cstdlib>

#include "bench/platform.h"

namespace ntalpc::bench {

const std::vector<int>& usable_cores() {
    static const std::vector<int> cores = [] {
        std::vector<int> found;
        DWORD_PTR mine = 0, all = 0;
        if (!GetProcessAffinityMask(GetCurrentProcess(), &mine, &all))
            fail("cannot ask which cores there are");
        for (int core = 0; core < 64; ++core) {
            if (mine >> core & 1) found.push_back(core);
        }
        return found;
    }();
    return cores;
}

void run_on_core(int core) {
    DWORD_PTR mask = 0;
    for (const int usable : usable_cores()) {
        if (core == kAnyCore || core == usable) mask |= DWORD_PTR{1} << usable;
    }
    if (!SetThreadAffinityMask(GetCurrentThread(), mask)) fail("cannot choose a core");
}

// It is a process of Linux, out of reach from here.
void run_server_on_core(int) {}
unsigned long server_process() {
    return 0;
}
double memory_of(const std::vector<unsigned long>&) {
    return 0;
}

unsigned long process_id() {
    return GetCurrentProcessId();
}

const char* world() {
    return "wine";
}

void end_process(int exit_code) {
    ExitProcess(static_cast<UINT>(exit_code));
}

// Every handle is a request to wineserver; more would take too long.
int most_connections() {
    return 1000;
}

struct Child::System {
    HANDLE process = nullptr, input = nullptr, output = nullptr;
};

Child::Child(const std::string& role, const std::vector<std::string>& arguments, int core,
             const std::vector<int>&)
    : system_(new System), role_(role) {
    SECURITY_ATTRIBUTES inherited = {sizeof(inherited), nullptr, TRUE};
    HANDLE child_input, child_output;
    if (!CreatePipe(&child_input, &system_->input, &inherited, 0) ||
        !CreatePipe(&system_->output, &child_output, &inherited, 0))
        fail("cannot make a pipe");
    SetHandleInformation(system_->input, HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation(system_->output, HANDLE_FLAG_INHERIT, 0);
    char path[MAX_PATH];
    GetModuleFileNameA(nullptr, path, sizeof(path));
    std::string line = "\"" + std::string(path) + "\" --role " + role + " " + std::to_string(core);
    for (const std::string& argument : arguments) line += " \"" + argument + "\"";
    STARTUPINFOA start{};
    start.cb = sizeof(start);
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdInput = child_input;
    start.hStdOutput = child_output;
    start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    PROCESS_INFORMATION process;
    if (!CreateProcessA(path, line.data(), nullptr, nullptr, TRUE, 0, nullptr, nullptr, &start, &process))
        fail("cannot start a process; are there too many?");
    CloseHandle(child_input);
    CloseHandle(child_output);
    CloseHandle(process.hThread);
    system_->process = process.hProcess;
    id_ = process.dwProcessId;
}

Child::~Child() {
    CloseHandle(system_->input);
    WaitForSingleObject(system_->process, INFINITE);
    DWORD status = 0;
    GetExitCodeProcess(system_->process, &status);
    CloseHandle(system_->process);
    CloseHandle(system_->output);
    delete system_;
    if (status != 0) fail("the process for " + role_ + " failed");
}

std::string Child::read_line() {
    std::size_t end;
    while ((end = buffered_.find('\n')) == std::string::npos) {
        char piece[512];
        DWORD size = 0;
        if (!ReadFile(system_->output, piece, sizeof(piece), &size, nullptr) || size == 0)
            fail("the process for " + role_ + " ended early; what it says is above");
        buffered_.append(piece, size);
    }
    std::string line = buffered_.substr(0, end);
    buffered_.erase(0, end + 1);
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

void Child::write_line(const std::string& line) {
    const std::string text = line + "\n";
    DWORD written = 0;
    if (!WriteFile(system_->input, text.data(), static_cast<DWORD>(text.size()), &written, nullptr))
        fail("the process for " + role_ + " does not listen any more");
}

}  // namespace ntalpc::bench

#endif
