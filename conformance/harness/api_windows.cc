// SPDX-License-Identifier: LGPL-2.1-or-later
// The calls under test as a Windows program sees them.
#ifdef _WIN32

#include <cstring>

#include "conformance/harness/api.h"
#include "conformance/harness/event.h"

namespace ntalpc::conformance {

namespace {

HMODULE ntdll() {
    static const HMODULE module = GetModuleHandleW(L"ntdll.dll");
    return module;
}

bool lies_in_ntdll(void* address) {
    HMODULE owner = nullptr;
    constexpr DWORD flags =
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    return GetModuleHandleExW(flags, static_cast<LPCWSTR>(address), &owner) && owner == ntdll();
}

// Wine's own ntdll exports some of the legacy calls only to end the process when one is called (exception
// 0x80000100). They look like any other system call there, but a layer that supplies them does so from
// another module, through a forwarder.
bool is_wine_stub(const char* name, void* address) {
    static const bool under_wine = GetProcAddress(ntdll(), "wine_get_version") != nullptr;
    return under_wine && std::strncmp(name, "Nt", 2) == 0 && lies_in_ntdll(address);
}

}  // namespace

void* find_entry_point(const char* name) {
    void* address = reinterpret_cast<void*>(GetProcAddress(ntdll(), name));
    return address && !is_wine_stub(name, address) ? address : nullptr;
}

const Api& api() {
    static const Api table = {
#define X(name) {#name, find_entry_point(#name)},
        CONFORMANCE_ENTRY_POINTS(X)
#undef X
    };
    return table;
}

NTSTATUS close_handle(HANDLE handle) {
    return NtClose(handle);
}

Event::Event(bool set) : handle_(CreateEventW(nullptr, TRUE, set, nullptr)) {}

void Event::set() const {
    SetEvent(handle_);
}

bool Event::is_set(std::chrono::milliseconds limit) const {
    return WaitForSingleObject(handle_, static_cast<DWORD>(limit.count())) == WAIT_OBJECT_0;
}

HANDLE current_process_id() {
    return reinterpret_cast<HANDLE>(static_cast<ULONG_PTR>(GetCurrentProcessId()));
}
HANDLE current_thread_id() {
    return reinterpret_cast<HANDLE>(static_cast<ULONG_PTR>(GetCurrentThreadId()));
}

}  // namespace ntalpc::conformance

#endif
