// SPDX-License-Identifier: LGPL-2.1-or-later
// Objects to be passed as a Windows program has them.
#ifdef _WIN32

#include <thread>

#include "conformance/harness/objects.h"

namespace ntalpc::conformance {

namespace {

Port checked(HANDLE handle) {
    EXPECT_TRUE(handle && handle != INVALID_HANDLE_VALUE) << "error " << GetLastError();
    return Port(handle);
}

Port make_pipe() {
    HANDLE reader = nullptr, writer = nullptr;
    EXPECT_TRUE(CreatePipe(&reader, &writer, nullptr, 0));
    EXPECT_TRUE(CloseHandle(reader));
    return Port(writer);
}

Port make_token() {
    HANDLE token = nullptr;
    EXPECT_TRUE(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token));
    return Port(token);
}

Port make_key() {
    HKEY key = nullptr;
    EXPECT_EQ(RegCreateKeyExA(HKEY_CURRENT_USER, "Software\\ntalpc-test", 0, nullptr, REG_OPTION_VOLATILE,
                              KEY_ALL_ACCESS, nullptr, &key, nullptr),
              ERROR_SUCCESS);
    return Port(key);
}

bool wakes(HANDLE waited) {
    return WaitForSingleObject(waited, 0) == WAIT_OBJECT_0;
}

// A mutex that one thread owns through one handle is taken for another thread and handle.
bool is_same_mutex(HANDLE one, HANDLE other) {
    if (!wakes(one)) return false;
    bool free_for_others = true;
    std::thread([&] { free_for_others = wakes(other); }).join();
    ReleaseMutex(one);
    return !free_for_others;
}

bool is_same_section(HANDLE one, HANDLE other) {
    auto* const first = static_cast<volatile long*>(MapViewOfFile(one, FILE_MAP_WRITE, 0, 0, 0));
    auto* const second = static_cast<volatile long*>(MapViewOfFile(other, FILE_MAP_WRITE, 0, 0, 0));
    const bool both = first && second;
    if (both) *first = 0x5EC71013;
    const bool same = both && *second == 0x5EC71013;
    if (first) UnmapViewOfFile(const_cast<long*>(first));
    if (second) UnmapViewOfFile(const_cast<long*>(second));
    return same;
}

bool is_same_token(HANDLE one, HANDLE other) {
    TOKEN_STATISTICS first{}, second{};
    DWORD size = 0;
    return GetTokenInformation(one, TokenStatistics, &first, sizeof(first), &size) &&
           GetTokenInformation(other, TokenStatistics, &second, sizeof(second), &size) &&
           first.TokenId.LowPart == second.TokenId.LowPart &&
           first.TokenId.HighPart == second.TokenId.HighPart;
}

bool is_same_key(HANDLE one, HANDLE other) {
    const DWORD mark = GetTickCount() | 1;
    DWORD seen = 0, size = sizeof(seen);
    return RegSetValueExA(static_cast<HKEY>(one), "mark", 0, REG_DWORD, reinterpret_cast<const BYTE*>(&mark),
                          sizeof(mark)) == ERROR_SUCCESS &&
           RegQueryValueExA(static_cast<HKEY>(other), "mark", nullptr, nullptr,
                            reinterpret_cast<BYTE*>(&seen), &size) == ERROR_SUCCESS &&
           seen == mark;
}

// A job without a process has room for a limit.
bool is_same_job(HANDLE one, HANDLE other) {
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 1);
    JOBOBJECT_ASSOCIATE_COMPLETION_PORT association{nullptr, port};
    // A job takes one such port and no other after it.
    const bool first = SetInformationJobObject(one, JobObjectAssociateCompletionPortInformation, &association,
                                               sizeof(association));
    const bool second = SetInformationJobObject(other, JobObjectAssociateCompletionPortInformation,
                                                &association, sizeof(association));
    CloseHandle(port);
    return first && !second;
}

bool is_same_file(HANDLE one, HANDLE other) {
    const std::string mark = "mark " + std::to_string(GetTickCount());
    return write_file(one, mark) && read_file(other).substr(0, mark.size()) == mark;
}

bool is_same(ObjectKind kind, HANDLE one, HANDLE other) {
    switch (kind) {
        case ObjectKind::file:
            return is_same_file(one, other);
        case ObjectKind::pipe:
            return GetFileType(other) == FILE_TYPE_PIPE;
        case ObjectKind::event:
            return SetEvent(one) && wakes(other) && ResetEvent(one) && !wakes(other);
        case ObjectKind::semaphore:
            return !wakes(other) && ReleaseSemaphore(one, 1, nullptr) && wakes(other);
        case ObjectKind::mutex:
            return is_same_mutex(one, other);
        case ObjectKind::section:
            return is_same_section(one, other);
        case ObjectKind::process:
            return GetProcessId(one) == GetProcessId(other);
        case ObjectKind::thread:
            return GetThreadId(one) == GetThreadId(other);
        case ObjectKind::token:
            return is_same_token(one, other);
        case ObjectKind::key:
            return is_same_key(one, other);
        case ObjectKind::job:
            return is_same_job(one, other);
    }
    return false;
}

}  // namespace

ULONG type_code(ObjectKind kind) {
    switch (kind) {
        case ObjectKind::file:
        case ObjectKind::pipe:
            return ALPC_PORFLG_OBJECT_TYPE_FILE;
        case ObjectKind::event:
            return ALPC_PORFLG_OBJECT_TYPE_EVENT;
        case ObjectKind::semaphore:
            return ALPC_PORFLG_OBJECT_TYPE_SEMAPHORE;
        case ObjectKind::mutex:
            return ALPC_PORFLG_OBJECT_TYPE_MUTEX;
        case ObjectKind::section:
            return ALPC_PORFLG_OBJECT_TYPE_SECTION;
        case ObjectKind::process:
            return ALPC_PORFLG_OBJECT_TYPE_PROCESS;
        case ObjectKind::thread:
            return ALPC_PORFLG_OBJECT_TYPE_THREAD;
        case ObjectKind::token:
            return ALPC_PORFLG_OBJECT_TYPE_TOKEN;
        case ObjectKind::key:
            return ALPC_PORFLG_OBJECT_TYPE_REG_KEY;
        case ObjectKind::job:
            return ALPC_PORFLG_OBJECT_TYPE_JOB;
    }
    return 0;
}

Port make_object(ObjectKind kind) {
    switch (kind) {
        case ObjectKind::file:
            return make_file();
        case ObjectKind::pipe:
            return make_pipe();
        case ObjectKind::event:
            return checked(CreateEventW(nullptr, TRUE, FALSE, nullptr));
        case ObjectKind::semaphore:
            return checked(CreateSemaphoreW(nullptr, 0, 10, nullptr));
        case ObjectKind::mutex:
            return checked(CreateMutexW(nullptr, FALSE, nullptr));
        case ObjectKind::section:
            return checked(
                CreateFileMappingW(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0, 0x10000, nullptr));
        case ObjectKind::process:
            return checked(OpenProcess(PROCESS_ALL_ACCESS, FALSE, GetCurrentProcessId()));
        case ObjectKind::thread:
            return checked(OpenThread(THREAD_ALL_ACCESS, FALSE, GetCurrentThreadId()));
        case ObjectKind::token:
            return make_token();
        case ObjectKind::key:
            return make_key();
        case ObjectKind::job:
            return checked(CreateJobObjectW(nullptr, nullptr));
    }
    return {};
}

::testing::AssertionResult is_same_object(ObjectKind kind, HANDLE one, HANDLE other) {
    if (is_same(kind, one, other)) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "another object; last error " << GetLastError();
}

Port make_file(bool writable) {
    wchar_t directory[MAX_PATH], path[MAX_PATH];
    GetTempPathW(MAX_PATH, directory);
    GetTempFileNameW(directory, L"alp", 0, path);
    constexpr DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    Port file = checked(CreateFileW(path, GENERIC_READ | GENERIC_WRITE | DELETE, share, nullptr,
                                    CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, nullptr));
    EXPECT_TRUE(write_file(file.get(), "content"));
    if (writable) return file;
    return checked(CreateFileW(path, GENERIC_READ, share, nullptr, OPEN_EXISTING, 0, nullptr));
}

bool write_file(HANDLE file, const std::string& text) {
    DWORD written = 0;
    SetFilePointer(file, 0, nullptr, FILE_BEGIN);
    return WriteFile(file, text.data(), static_cast<DWORD>(text.size()), &written, nullptr) &&
           written == text.size();
}

std::string read_file(HANDLE file) {
    char text[64];
    DWORD size = 0;
    SetFilePointer(file, 0, nullptr, FILE_BEGIN);
    if (!ReadFile(file, text, sizeof(text), &size, nullptr)) size = 0;
    return std::string(text, size);
}

std::size_t open_handles() {
    DWORD count = 0;
    EXPECT_TRUE(GetProcessHandleCount(GetCurrentProcess(), &count));
    return count;
}

bool is_inheritable(HANDLE handle) {
    DWORD flags = 0;
    EXPECT_TRUE(GetHandleInformation(handle, &flags));
    return (flags & HANDLE_FLAG_INHERIT) != 0;
}

void make_inheritable(HANDLE handle) {
    EXPECT_TRUE(SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT));
}

}  // namespace ntalpc::conformance

#endif
