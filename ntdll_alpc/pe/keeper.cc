// SPDX-License-Identifier: LGPL-2.1-or-later
// What ntalpc_keeper.exe, and nobody else, has of this DLL.
#include "ntalpc/ntbase.h"
#include "pe/unix_call.h"

extern "C" __declspec(dllexport) NTSTATUS NTAPI NtalpcKeepHandles() {
    ntalpc::KeepHandlesParams params;
    return ntalpc::unix_call(ntalpc::UnixCall::KeepHandles, &params);
}
