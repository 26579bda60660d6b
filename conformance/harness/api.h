// SPDX-License-Identifier: LGPL-2.1-or-later
// The calls under test, the same way for every target. A Windows program finds them in ntdll at run time, so
// that it starts on any Windows and any Wine; a native program has them from libntalpc.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "conformance/harness/call_observation.h"
#include "ntalpc/ntalpc.h"

namespace ntalpc::conformance {

// Thrown by a call that cannot be tested here; the test is then skipped with this text.
struct CannotTest {
    std::string reason;
    bool missing = false;  // there is no such entry point at all
};

// The address of an entry point, or null where ntdll lacks it or has only a stub that ends the process.
void* find_entry_point(const char* name);

template <typename Function>
class EntryPoint {
  public:
    EntryPoint(const char* name, void* address)
        : name_(name), function_(reinterpret_cast<Function>(address)) {}
    EntryPoint(const char* name, Function function) : name_(name), function_(function) {}

    template <typename... Arguments>
    auto operator()(Arguments... arguments) const {
        if (!function_) throw CannotTest{std::string(name_) + " is missing here", true};
        using Result = decltype(function_(arguments...));
        if constexpr (std::is_void_v<Result>) {
            function_(arguments...);
            observe_void_call(name_, arguments...);
        } else if constexpr (std::is_same_v<Result, NTSTATUS>) {
            const NTSTATUS status = function_(arguments...);
            observe_status_call(name_, status, arguments...);
            // Real Windows never answers this. A layer that does says that the call is not there yet.
            if (status == static_cast<NTSTATUS>(STATUS_NOT_IMPLEMENTED))
                throw CannotTest{std::string(name_) + " is not implemented here"};
            return status;
        } else {
            const Result result = function_(arguments...);
            observe_value_call(name_, result, arguments...);
            return result;
        }
    }

    bool there() const { return function_ != nullptr; }

  private:
    const char* name_;
    Function function_;
};

// One line per call that the tests use.
#define CONFORMANCE_ENTRY_POINTS(X)                 \
    X(NtAlpcCreatePort)                             \
    X(NtAlpcConnectPort)                            \
    X(NtAlpcConnectPortEx)                          \
    X(NtAlpcAcceptConnectPort)                      \
    X(NtAlpcSendWaitReceivePort)                    \
    X(NtAlpcDisconnectPort)                         \
    X(NtAlpcQueryInformation)                       \
    X(NtAlpcImpersonateClientOfPort)                \
    X(NtAlpcImpersonateClientContainerOfPort)       \
    X(NtAlpcCreateSecurityContext)                  \
    X(NtAlpcDeleteSecurityContext)                  \
    X(NtAlpcRevokeSecurityContext)                  \
    X(AlpcMaxAllowedMessageLength)                  \
    X(AlpcGetHeaderSize)                            \
    X(AlpcInitializeMessageAttribute)               \
    X(AlpcGetMessageAttribute)                      \
    X(NtCreatePort)                                 \
    X(NtCreateWaitablePort)                         \
    X(NtConnectPort)                                \
    X(NtSecureConnectPort)                          \
    X(NtListenPort)                                 \
    X(NtAcceptConnectPort)                          \
    X(NtCompleteConnectPort)                        \
    X(NtRequestPort)                                \
    X(NtRequestWaitReplyPort)                       \
    X(NtReplyPort)                                  \
    X(NtReplyWaitReplyPort)                         \
    X(NtReplyWaitReceivePort)                       \
    X(NtReplyWaitReceivePortEx)                     \
    X(NtRegisterThreadTerminatePort)                \
    X(NtQueryInformationPort)                       \
    X(NtReadRequestData)                            \
    X(NtImpersonateClientOfPort)                    \
    X(NtSetDefaultHardErrorPort)                    \
    X(NtWriteRequestData)                           \
    X(NtAlpcSetInformation)                         \
    X(NtAlpcQueryInformationMessage)                \
    X(NtAlpcCancelMessage)                          \
    X(NtAlpcCreateResourceReserve)                  \
    X(NtAlpcDeleteResourceReserve)                  \
    X(NtAlpcCreatePortSection)                      \
    X(NtAlpcDeletePortSection)                      \
    X(NtAlpcCreateSectionView)                      \
    X(NtAlpcDeleteSectionView)                      \
    X(NtAlpcOpenSenderProcess)                      \
    X(NtAlpcOpenSenderThread)                       \
    X(TpAllocAlpcCompletion)                        \
    X(TpAllocAlpcCompletionEx)                      \
    X(TpReleaseAlpcCompletion)                      \
    X(TpWaitForAlpcCompletion)                      \
    X(TpAlpcRegisterCompletionList)                 \
    X(TpAlpcUnregisterCompletionList)               \
    X(TpCallbackSendAlpcMessageOnCompletion)        \
    X(TpCallbackSendPendingAlpcMessage)             \
    X(AlpcRegisterCompletionList)                   \
    X(AlpcUnregisterCompletionList)                 \
    X(AlpcRundownCompletionList)                    \
    X(AlpcAdjustCompletionListConcurrencyCount)     \
    X(AlpcRegisterCompletionListWorkerThread)       \
    X(AlpcUnregisterCompletionListWorkerThread)     \
    X(AlpcGetCompletionListLastMessageInformation)  \
    X(AlpcGetOutstandingCompletionListMessageCount) \
    X(AlpcGetMessageFromCompletionList)             \
    X(AlpcFreeCompletionListMessage)                \
    X(AlpcGetCompletionListMessageAttributes)

struct Api {
#define X(name) EntryPoint<decltype(&::name)> name;
    CONFORMANCE_ENTRY_POINTS(X)
#undef X
};

const Api& api();

// Which of them are there at all.
struct EntryPointState {
    const char* name;
    bool there;
};
std::vector<EntryPointState> entry_points();

NTSTATUS close_handle(HANDLE handle);

// The caller as it appears in PORT_MESSAGE.ClientId.
HANDLE current_process_id();
HANDLE current_thread_id();

}  // namespace ntalpc::conformance
