// SPDX-License-Identifier: LGPL-2.1-or-later
// Acting as somebody else: the thread gets a token of Wine's.
#include "core/host_impersonation.h"

#include "core/host_processes.h"
#include "ntalpc/ntbase.h"
#include "ntalpc/status.h"
#include "wine/imports.h"
#include "wine/token_changes.h"
#include "wine/token_copies.h"
#include "wine/token_facts.h"

namespace ntalpc::wine {

NTALPC_IMPORT(nt_set_information_thread, "NtSetInformationThread", NTSTATUS,
              (HANDLE thread, ULONG information_class, const void* buffer, ULONG size));

}  // namespace ntalpc::wine

namespace ntalpc::host {

namespace {

constexpr ACCESS_MASK kProcessDuplicateHandle = 0x40;
constexpr ACCESS_MASK kProcessQueryInformation = 0x400;

NtStatus set_thread_token(HANDLE token) {
    constexpr ULONG thread_impersonation_token = 5;
    return wine::nt_set_information_thread(wine::kCurrentThread, thread_impersonation_token, &token,
                                           sizeof(token));
}

// While it lives the thread acts as its own process, which is what decides whether the client can be reached;
// unless it was kept, the old state comes back.
class ActingAsOneself {
  public:
    ActingAsOneself() {
        constexpr BOOLEAN as_self = TRUE;
        if (wine::nt_open_thread_token(wine::kCurrentThread, wine::kTokenImpersonate, as_self, &before_) ==
            STATUS_SUCCESS) {
            set_thread_token(nullptr);
        }
    }
    ~ActingAsOneself() {
        if (!before_) return;
        if (!kept_) set_thread_token(before_);
        wine::nt_close(before_);
    }
    void keep() { kept_ = true; }

  private:
    HANDLE before_ = nullptr;
    bool kept_ = false;
};

NtStatus open_primary(HANDLE process, HANDLE* token) {
    return wine::nt_open_process_token(process, wine::kTokenDuplicate | wine::kTokenQuery, token);
}

// The token of a client process: the copy that it keeps for us, or its primary one.
NtStatus open_client_token(const Impersonation& who, HANDLE* token) {
    HANDLE process = nullptr;
    const ACCESS_MASK access = who.token != 0 ? kProcessDuplicateHandle : kProcessQueryInformation;
    NtStatus status = open_process(who.process_id, 0, access, 0, &process);
    if (status != STATUS_SUCCESS) return status;
    if (who.token == 0) {
        status = open_primary(process, token);
    } else {
        const auto source = reinterpret_cast<HANDLE>(static_cast<std::uintptr_t>(who.token));
        status = wine::nt_duplicate_object(process, source, wine::kCurrentProcess, token,
                                           wine::kTokenDuplicate | wine::kTokenQuery, 0, 0);
    }
    wine::nt_close(process);
    return status;
}

// The token that the thread is to get.
NtStatus make_token(const Impersonation& who, HANDLE* made) {
    HANDLE source = nullptr;
    NtStatus status = who.whom == ImpersonatedToken::of_client ? open_client_token(who, &source)
                                                               : open_primary(wine::kCurrentProcess, &source);
    if (status != STATUS_SUCCESS) return status;
    const bool anonymous = who.whom == ImpersonatedToken::anonymous;
    const auto level = anonymous ? SecurityAnonymous : static_cast<SECURITY_IMPERSONATION_LEVEL>(who.level);
    status = wine::duplicate_token(
        source, wine::kTokenImpersonate | wine::kTokenQuery | wine::kTokenAdjustPrivileges, level, made);
    wine::nt_close(source);
    if (status == STATUS_SUCCESS && who.effective_only) status = wine::keep_effective_only(*made);
    return status;
}

}  // namespace

NtStatus impersonate(const Impersonation& who) {
    if (who.whom == ImpersonatedToken::none) return STATUS_SUCCESS;
    ActingAsOneself scope;
    HANDLE token = nullptr;
    NtStatus status = make_token(who, &token);
    if (status == STATUS_SUCCESS) status = set_thread_token(token);
    if (token) wine::nt_close(token);
    if (status != STATUS_SUCCESS) return status;
    scope.keep();
    wine::note_own_token_change();
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::host
