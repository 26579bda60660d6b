// SPDX-License-Identifier: LGPL-2.1-or-later
// A native program has no Windows thread pool to tie ports to. It waits on the event of a port instead
// (port_event.cc), with threads of its own.
#include "ntalpc/ntalpc.h"

NTSTATUS TpAllocAlpcCompletion(PTP_ALPC*, HANDLE, PTP_ALPC_CALLBACK, PVOID, PTP_CALLBACK_ENVIRON) {
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS TpAllocAlpcCompletionEx(PTP_ALPC*, HANDLE, PTP_ALPC_CALLBACK_EX, PVOID, PTP_CALLBACK_ENVIRON) {
    return STATUS_NOT_SUPPORTED;
}

// The rest is about objects and callbacks of which there are none.
VOID TpReleaseAlpcCompletion(PTP_ALPC) {}
VOID TpWaitForAlpcCompletion(PTP_ALPC) {}
VOID TpAlpcRegisterCompletionList(PTP_ALPC) {}
VOID TpAlpcUnregisterCompletionList(PTP_ALPC) {}
VOID TpCallbackSendAlpcMessageOnCompletion(PTP_CALLBACK_INSTANCE, HANDLE, ULONG, PPORT_MESSAGE) {}
VOID TpCallbackSendPendingAlpcMessage(PTP_CALLBACK_INSTANCE) {}
