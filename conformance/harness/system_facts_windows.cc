// SPDX-License-Identifier: LGPL-2.1-or-later
// What Windows, or Wine, says about itself. Everything here exists since Windows 7.
#ifdef _WIN32

#include <windows.h>

#include "conformance/harness/api.h"
#include "conformance/harness/system_facts.h"

namespace ntalpc::conformance {

namespace {

constexpr const char* version_key = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion";

template <typename Function>
Function in_ntdll(const char* name) {
    return reinterpret_cast<Function>(
        reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"ntdll.dll"), name)));
}

// GetVersionEx tells a program what it was made for; this tells what it runs on.
void add_version(SystemFacts& facts) {
    RTL_OSVERSIONINFOW information{};
    information.dwOSVersionInfoSize = sizeof(information);
    const auto get_version = in_ntdll<NTSTATUS(NTAPI*)(PRTL_OSVERSIONINFOW)>("RtlGetVersion");
    if (!get_version || get_version(&information) != STATUS_SUCCESS) return;
    facts.build = information.dwBuildNumber;
    facts.version = std::to_string(information.dwMajorVersion) + "." +
                    std::to_string(information.dwMinorVersion) + "." + std::to_string(facts.build);
    DWORD revision = 0, size = sizeof(revision);
    if (RegGetValueA(HKEY_LOCAL_MACHINE, version_key, "UBR", RRF_RT_REG_DWORD, nullptr, &revision, &size) ==
        ERROR_SUCCESS)
        facts.version += "." + std::to_string(revision);
}

std::string edition() {
    char text[200];
    DWORD size = sizeof(text);
    if (RegGetValueA(HKEY_LOCAL_MACHINE, version_key, "ProductName", RRF_RT_REG_SZ, nullptr, text, &size) !=
        ERROR_SUCCESS)
        return {};
    return text;
}

bool is_elevated() {
    HANDLE token = nullptr;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) return false;
    TOKEN_ELEVATION elevation{};
    DWORD size = 0;
    const bool known = GetTokenInformation(token, TokenElevation, &elevation, sizeof(elevation), &size);
    CloseHandle(token);
    return known && elevation.TokenIsElevated;
}

}  // namespace

SystemFacts system_facts() {
    SystemFacts facts;
    add_version(facts);
    facts.edition = edition();
    facts.elevated = is_elevated();
    facts.machine = sizeof(void*) == 8 ? "x86_64" : "i686";
    const auto wine_version = in_ntdll<const char*(CDECL*)()>("wine_get_version");
    facts.kind = wine_version ? "Wine" : "Windows";
    if (wine_version) facts.wine_version = wine_version();
    find_entry_point("NtAlpcCreatePort");  // loads the layer if it is a forwarder to it
    facts.layer = GetModuleHandleW(L"ntdll_alpc.dll") ? "ntdll_alpc" : "ntdll";
    return facts;
}

}  // namespace ntalpc::conformance

#endif
