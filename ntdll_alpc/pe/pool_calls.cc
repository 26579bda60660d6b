// SPDX-License-Identifier: LGPL-2.1-or-later
// The calls that tie ports to the thread pool, with their exported names. They work on memory of the caller
// and fault on bad pointers like any function of a program.
#include "pe/pending_sends.h"
#include "pe/pool_objects.h"

NTSTATUS NTAPI TpAllocAlpcCompletion(PTP_ALPC* AlpcReturn, HANDLE AlpcPort, PTP_ALPC_CALLBACK Callback,
                                     PVOID Context, PTP_CALLBACK_ENVIRON Environ) {
    return ntalpc::allocate_pool_object(AlpcReturn, AlpcPort, {.plain = Callback}, false, Context, Environ);
}

NTSTATUS NTAPI TpAllocAlpcCompletionEx(PTP_ALPC* AlpcReturn, HANDLE AlpcPort, PTP_ALPC_CALLBACK_EX Callback,
                                       PVOID Context, PTP_CALLBACK_ENVIRON Environ) {
    return ntalpc::allocate_pool_object(AlpcReturn, AlpcPort, {.with_context = Callback}, true, Context,
                                        Environ);
}

VOID NTAPI TpReleaseAlpcCompletion(PTP_ALPC Alpc) {
    ntalpc::release_pool_object(Alpc);
}

VOID NTAPI TpWaitForAlpcCompletion(PTP_ALPC Alpc) {
    ntalpc::wait_for_pool_object(Alpc);
}

VOID NTAPI TpAlpcRegisterCompletionList(PTP_ALPC Alpc) {
    ntalpc::couple_completion_list(Alpc);
}

VOID NTAPI TpAlpcUnregisterCompletionList(PTP_ALPC Alpc) {
    ntalpc::uncouple_completion_list(Alpc);
}

VOID NTAPI TpCallbackSendAlpcMessageOnCompletion(PTP_CALLBACK_INSTANCE Instance, HANDLE PortHandle,
                                                 ULONG Flags, PPORT_MESSAGE SendMessage) {
    ntalpc::send_on_completion(Instance, PortHandle, Flags, SendMessage);
}

VOID NTAPI TpCallbackSendPendingAlpcMessage(PTP_CALLBACK_INSTANCE Instance) {
    ntalpc::send_pending(Instance);
}
