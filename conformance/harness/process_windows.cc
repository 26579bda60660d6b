// SPDX-License-Identifier: LGPL-2.1-or-later
#ifdef _WIN32

#include <windows.h>

#include "conformance/harness/process.h"

namespace ntalpc::conformance {

Process::Process(const std::string& part, const std::vector<std::string>& arguments) {
    char path[MAX_PATH];
    if (GetModuleFileNameA(nullptr, path, MAX_PATH) == 0) return;
    std::string command = '"' + std::string(path) + "\" --part=" + part;
    for (const std::string& argument : arguments) command += ' ' + argument;
    STARTUPINFOA startup{};
    startup.cb = sizeof(startup);
    PROCESS_INFORMATION made{};
    if (!CreateProcessA(path, command.data(), nullptr, nullptr, FALSE, 0, nullptr, nullptr, &startup, &made))
        return;
    CloseHandle(made.hThread);
    handle_ = made.hProcess;
}

int Process::wait() {
    if (!handle_) return -1;
    WaitForSingleObject(handle_, INFINITE);
    DWORD status = 0;
    const bool known = GetExitCodeProcess(handle_, &status) != FALSE;
    CloseHandle(handle_);
    handle_ = nullptr;
    return known ? static_cast<int>(status) : -1;
}

Process::~Process() {
    wait();
}

}  // namespace ntalpc::conformance

#endif
