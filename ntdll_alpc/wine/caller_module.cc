// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wine/caller_module.h"

#include <array>
#include <cstdio>
#include <map>
#include <mutex>

#include "wine/imports.h"
#include "wine/teb.h"

namespace ntalpc::wine {

namespace {

constexpr ULONG kMemoryBasicInformation = 0;
constexpr ULONG kMemoryMappedFilename = 2;

struct MemoryBasicInformation {
    void* base_address;
    void* allocation_base;
    ULONG allocation_protect;
    SIZE_T region_size;
    ULONG state;
    ULONG protect;
    ULONG type;
};

// The last part of a path.
std::string file_name(const UNICODE_STRING& path) {
    std::size_t start = path.Length / sizeof(WCHAR);
    const std::size_t end = start;
    while (start > 0 && path.Buffer[start - 1] != u'\\' && path.Buffer[start - 1] != u'/') --start;
    std::array<char, 512> text;
    ULONG size = 0;
    const NTSTATUS status =
        unicode_to_utf8(text.data(), static_cast<ULONG>(text.size()), &size, path.Buffer + start,
                        static_cast<ULONG>((end - start) * sizeof(WCHAR)));
    return NT_SUCCESS(status) ? std::string(text.data(), size) : std::string();
}

std::string mapped_file(void* base) {
    alignas(UNICODE_STRING) std::array<unsigned char, 4096> buffer;
    SIZE_T size;
    if (!NT_SUCCESS(nt_query_virtual_memory(kCurrentProcess, base, kMemoryMappedFilename, buffer.data(),
                                            buffer.size(), &size)))
        return {};
    return file_name(*reinterpret_cast<const UNICODE_STRING*>(buffer.data()));
}

// Asking costs a request to wineserver. A module that takes the place of another one is taken for it.
std::string known_file(void* base) {
    static std::mutex lock;
    static std::map<void*, std::string> known;
    const std::lock_guard guard(lock);
    const auto found = known.find(base);
    return found != known.end() ? found->second : known.emplace(base, mapped_file(base)).first->second;
}

}  // namespace

relay::Caller describe_caller(const void* address) {
    relay::Caller caller;
    const auto& ids = teb_field<CLIENT_ID>(kTebClientId);
    std::array<char, 40> thread;
    std::snprintf(thread.data(), thread.size(), "%04zx:%04zx",
                  reinterpret_cast<std::uintptr_t>(ids.UniqueProcess),
                  reinterpret_cast<std::uintptr_t>(ids.UniqueThread));
    caller.thread = thread.data();
    MemoryBasicInformation memory;
    SIZE_T size;
    const NTSTATUS status = nt_query_virtual_memory(kCurrentProcess, const_cast<void*>(address),
                                                    kMemoryBasicInformation, &memory, sizeof(memory), &size);
    if (!NT_SUCCESS(status) || !memory.allocation_base) return caller;
    caller.module = known_file(memory.allocation_base);
    caller.offset =
        reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(memory.allocation_base);
    return caller;
}

}  // namespace ntalpc::wine
