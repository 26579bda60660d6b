// SPDX-License-Identifier: LGPL-2.1-or-later
// ALPC completion objects of the thread pool: PTP_ALPC.
//
// To Wine's thread pool such an object is a work item: the helper thread posts it once for each message that
// the server notes (wine/targets.h), and the pool runs the callback, concurrently with others. Who may still
// look at an object is counted: the program until it releases it, and every callback that has been posted.
#pragma once

#include <winternl.h>

#include "ntalpc/ntlpcapi.h"

namespace ntalpc {

// Either kind of callback; `extended` says which.
union PoolCallback {
    PTP_ALPC_CALLBACK plain;
    PTP_ALPC_CALLBACK_EX with_context;
};

NTSTATUS allocate_pool_object(PTP_ALPC* made, HANDLE port, PoolCallback callback, bool extended,
                              PVOID context, PTP_CALLBACK_ENVIRON environment);
void release_pool_object(PTP_ALPC object);
void wait_for_pool_object(PTP_ALPC object);

// A completion list that is coupled with an object keeps it: it is let go when it has been released and
// uncoupled as often as coupled.
void couple_completion_list(PTP_ALPC object);
void uncouple_completion_list(PTP_ALPC object);

// So many messages have been announced to the object that the unix half knows by this number.
void post_to_pool_object(ULONG64 number, ULONG count);

}  // namespace ntalpc
