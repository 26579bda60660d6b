// SPDX-License-Identifier: LGPL-2.1-or-later
// Who the process and the thread are, in Wine's words: these ids work with OpenProcess and OpenThread.
#include "core/host.h"
#include "ntalpc/status.h"
#include "wine/imports.h"
#include "wine/teb.h"
#include "wine/token_facts.h"
#include "wine/world.h"

namespace ntalpc::host {
namespace {

using wine::kCurrentProcess;
using wine::kCurrentThread;

// Information classes of the NT query calls.
constexpr ULONG kProcessTimes = 4;
constexpr ULONG kProcessImageFileNameWin32 = 43;
constexpr ULONG kThreadTimes = 1;

struct Times {
    LONGLONG create_time, exit_time, kernel_time, user_time;
};

std::string to_utf8(const UNICODE_STRING& text) {
    std::string result(std::size_t{text.Length} * 3 / sizeof(WCHAR),
                       '\0');  // a UTF-16 unit takes 3 bytes at most
    ULONG size = 0;
    wine::unicode_to_utf8(result.data(), static_cast<ULONG>(result.size()), &size, text.Buffer, text.Length);
    result.resize(size);
    return result;
}

// On the heap: calls run on Wine's system call stack, which is small.
std::string image_path() {
    ULONG needed = 0;
    wine::nt_query_information_process(kCurrentProcess, kProcessImageFileNameWin32, nullptr, 0, &needed);
    std::vector<UNICODE_STRING> buffer(needed / sizeof(UNICODE_STRING) + 1);
    const auto size = static_cast<ULONG>(buffer.size() * sizeof(UNICODE_STRING));
    if (!NT_SUCCESS(wine::nt_query_information_process(kCurrentProcess, kProcessImageFileNameWin32,
                                                       buffer.data(), size, &needed)))
        return {};
    return to_utf8(buffer.front());  // its characters follow it
}

}  // namespace

ProcessFacts process_facts() {
    ProcessFacts facts;
    Times times = {};
    wine::nt_query_information_process(kCurrentProcess, kProcessTimes, &times, sizeof(times), nullptr);
    facts.process_id =
        reinterpret_cast<std::uintptr_t>(wine::teb_field<CLIENT_ID>(wine::kTebClientId).UniqueProcess);
    facts.creation_time = times.create_time;
    facts.session_id = wine::peb_field<ULONG>(wine::kPebSessionId);
    facts.image_path = image_path();
    facts.world = wine::world();
    HANDLE token = nullptr;
    if (!NT_SUCCESS(wine::nt_open_process_token(kCurrentProcess, wine::kTokenQuery, &token))) return facts;
    facts.token = wine::encoded_token(token);
    facts.token_stamp = wine::stamp_of(token);
    wine::nt_close(token);
    return facts;
}

ThreadFacts thread_facts() {
    Times times = {};
    wine::nt_query_information_thread(kCurrentThread, kThreadTimes, &times, sizeof(times), nullptr);
    const CLIENT_ID& id = wine::teb_field<CLIENT_ID>(wine::kTebClientId);
    return {reinterpret_cast<std::uintptr_t>(id.UniqueThread), times.create_time};
}

}  // namespace ntalpc::host
