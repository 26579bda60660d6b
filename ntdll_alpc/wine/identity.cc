// SPDX-License-Identifier: LGPL-2.1-or-later
// Who the process and the thread are, in Wine's words: these ids work with OpenProcess and OpenThread.
#include <cstring>

#include "core/host.h"
#include "ntalpc/status.h"
#include "wine/imports.h"
#include "wine/teb.h"

namespace ntalpc::host {
namespace {

using wine::kCurrentProcess;
using wine::kCurrentThread;

// Information classes of the NT query calls.
constexpr ULONG kProcessTimes = 4;
constexpr ULONG kProcessImageFileNameWin32 = 43;
constexpr ULONG kThreadTimes = 1;
constexpr ULONG kTokenUser = 1;
constexpr ULONG kTokenStatistics = 10;
constexpr ACCESS_MASK kTokenQuery = 8;

struct Times {
    LONGLONG create_time, exit_time, kernel_time, user_time;
};

struct TokenStatistics {
    LUID token_id;
    LUID authentication_id;
    LARGE_INTEGER expiration_time;
    ULONG token_type, impersonation_level, dynamic_charged, dynamic_available, group_count, privilege_count;
    LUID modified_id;
};
static_assert(sizeof(TokenStatistics) == 56);

struct TokenUser {
    const unsigned char* sid;
    ULONG attributes;
};

std::uint64_t to_number(const LUID& luid) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(luid.HighPart)) << 32 | luid.LowPart;
}

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

std::vector<std::byte> user_sid(HANDLE token) {
    alignas(TokenUser) std::byte buffer[sizeof(TokenUser) + 68] = {};  // 68 bytes: the longest SID
    ULONG needed = 0;
    if (!NT_SUCCESS(wine::nt_query_information_token(token, kTokenUser, buffer, sizeof(buffer), &needed)))
        return {};
    const auto* user = reinterpret_cast<const TokenUser*>(buffer);
    const std::size_t size = 8 + 4 * std::size_t{user->sid[1]};  // revision, count, authority, then the parts
    const auto* sid = reinterpret_cast<const std::byte*>(user->sid);
    return {sid, sid + size};
}

TokenFacts token_facts() {
    TokenFacts facts;
    HANDLE token = nullptr;
    if (!NT_SUCCESS(wine::nt_open_process_token(kCurrentProcess, kTokenQuery, &token))) return facts;
    facts.user_sid = user_sid(token);
    TokenStatistics statistics = {};
    ULONG needed = 0;
    if (NT_SUCCESS(wine::nt_query_information_token(token, kTokenStatistics, &statistics, sizeof(statistics),
                                                    &needed))) {
        facts.token_id = to_number(statistics.token_id);
        facts.authentication_id = to_number(statistics.authentication_id);
        facts.modified_id = to_number(statistics.modified_id);
    }
    wine::nt_close(token);
    return facts;
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
    facts.token = token_facts();
    return facts;
}

ThreadFacts thread_facts() {
    Times times = {};
    wine::nt_query_information_thread(kCurrentThread, kThreadTimes, &times, sizeof(times), nullptr);
    const CLIENT_ID& id = wine::teb_field<CLIENT_ID>(wine::kTebClientId);
    return {reinterpret_cast<std::uintptr_t>(id.UniqueThread), times.create_time};
}

}  // namespace ntalpc::host
