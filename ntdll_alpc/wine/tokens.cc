// SPDX-License-Identifier: LGPL-2.1-or-later
// The tokens of this process and its threads.
#include "core/host_tokens.h"
#include "ntalpc/status.h"
#include "wine/imports.h"
#include "wine/token_copies.h"
#include "wine/token_facts.h"

namespace ntalpc::host {

namespace {

using wine::kCurrentProcess;
using wine::kCurrentThread;

// What the thread acts with at Anonymous level cannot be opened, so there is nothing to tell one such token
// from another.
constexpr TokenStamp kAnonymous = {~std::uint64_t{0}, ~std::uint64_t{0}};

NtStatus open_thread_token(ACCESS_MASK access, HANDLE* token) {
    constexpr BOOLEAN as_self = TRUE;
    return wine::nt_open_thread_token(kCurrentThread, access, as_self, token);
}

NtStatus keep(HANDLE token, SECURITY_IMPERSONATION_LEVEL level, KeptToken* kept) {
    kept->encoded = wine::encoded_token(token);
    if (kept->encoded.empty()) return STATUS_NO_IMPERSONATION_TOKEN;
    HANDLE copy = nullptr;
    const NtStatus status = wine::duplicate_token(
        token, wine::kTokenDuplicate | wine::kTokenImpersonate | wine::kTokenQuery, level, &copy);
    kept->handle = reinterpret_cast<std::uintptr_t>(copy);
    return status;
}

}  // namespace

NtStatus thread_token_stamp(TokenStamp* stamp) {
    *stamp = {};
    HANDLE token = nullptr;
    const NtStatus status = open_thread_token(wine::kTokenQuery, &token);
    if (status == STATUS_NO_TOKEN) return STATUS_SUCCESS;
    if (status == STATUS_CANT_OPEN_ANONYMOUS) *stamp = kAnonymous;
    if (status != STATUS_SUCCESS) return status == STATUS_CANT_OPEN_ANONYMOUS ? STATUS_SUCCESS : status;
    *stamp = wine::stamp_of(token);
    wine::nt_close(token);
    return STATUS_SUCCESS;
}

NtStatus process_token_stamp(TokenStamp* stamp) {
    HANDLE token = nullptr;
    const NtStatus status = wine::nt_open_process_token(kCurrentProcess, wine::kTokenQuery, &token);
    if (status != STATUS_SUCCESS) return status;
    *stamp = wine::stamp_of(token);
    wine::nt_close(token);
    return STATUS_SUCCESS;
}

NtStatus keep_thread_token(KeptToken* kept) {
    HANDLE token = nullptr;
    const NtStatus opened = open_thread_token(wine::kTokenQuery | wine::kTokenDuplicate, &token);
    if (opened == STATUS_CANT_OPEN_ANONYMOUS) {
        kept->encoded = wine::encoded_anonymous_token();
        return STATUS_SUCCESS;
    }
    if (opened != STATUS_SUCCESS) return opened;
    const NtStatus status = keep(token, wine::level_of(token), kept);
    wine::nt_close(token);
    return status;
}

// The copy allows everything; how much of it a server gets is decided when it impersonates.
NtStatus keep_process_token(KeptToken* kept) {
    HANDLE token = nullptr;
    NtStatus status =
        wine::nt_open_process_token(kCurrentProcess, wine::kTokenQuery | wine::kTokenDuplicate, &token);
    if (status != STATUS_SUCCESS) return status;
    status = keep(token, SecurityDelegation, kept);
    wine::nt_close(token);
    return status;
}

void drop_kept_token(std::uint64_t handle) {
    wine::nt_close(reinterpret_cast<HANDLE>(static_cast<std::uintptr_t>(handle)));
}

}  // namespace ntalpc::host
