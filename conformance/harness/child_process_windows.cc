// SPDX-License-Identifier: LGPL-2.1-or-later
// Child processes as Windows has them.
#ifdef _WIN32

#include <windows.h>

#include <cstdio>

#include "conformance/harness/child_process.h"

namespace ntalpc::conformance {

namespace {

std::wstring wide(const std::string& text) {
    std::wstring result(text.size() + 1, L'\0');
    const int length = MultiByteToWideChar(CP_ACP, 0, text.data(), static_cast<int>(text.size()),
                                           result.data(), static_cast<int>(result.size()));
    result.resize(static_cast<std::size_t>(length));
    return result;
}

std::string in_hex(const char* text, DWORD value) {
    char buffer[80];
    std::snprintf(buffer, sizeof(buffer), "%s0x%08lx", text, value);
    return buffer;
}

ChildEnd end_of(DWORD code) {
    // Codes of exceptions are errors or warnings; nothing that exits does so with one.
    if (code >= 0x80000000) return {ChildEnd::Kind::crashed, code, in_hex("exception ", code)};
    return {ChildEnd::Kind::exited, code, {}};
}

LONG WINAPI end_with_exception(EXCEPTION_POINTERS* pointers) {
    TerminateProcess(GetCurrentProcess(), pointers->ExceptionRecord->ExceptionCode);
    return EXCEPTION_EXECUTE_HANDLER;
}

}  // namespace

ChildEnd run_child(const std::vector<std::string>& arguments, std::chrono::seconds limit) {
    std::wstring program(32768, L'\0');
    program.resize(GetModuleFileNameW(nullptr, program.data(), static_cast<DWORD>(program.size())));
    std::wstring command = L"alpc_conformance";
    for (const std::string& argument : arguments) command += L" \"" + wide(argument) + L"\"";
    STARTUPINFOW startup{};
    startup.cb = sizeof(startup);
    PROCESS_INFORMATION process{};
    if (!CreateProcessW(program.c_str(), command.data(), nullptr, nullptr, FALSE, 0, nullptr, nullptr,
                        &startup, &process))
        return {ChildEnd::Kind::not_started, 0, in_hex("cannot start a child: error ", GetLastError())};
    CloseHandle(process.hThread);
    const auto milliseconds = static_cast<DWORD>(std::chrono::milliseconds(limit).count());
    const bool in_time = WaitForSingleObject(process.hProcess, milliseconds) == WAIT_OBJECT_0;
    if (!in_time) {
        TerminateProcess(process.hProcess, 1);
        WaitForSingleObject(process.hProcess, milliseconds);
    }
    DWORD code = 0;
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hProcess);
    if (!in_time)
        return {ChildEnd::Kind::hung, 0, "did not end within " + std::to_string(limit.count()) + " s"};
    return end_of(code);
}

void prepare_to_crash() {
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    SetUnhandledExceptionFilter(end_with_exception);
}

}  // namespace ntalpc::conformance

#endif
