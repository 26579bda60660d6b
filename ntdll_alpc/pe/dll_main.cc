// SPDX-License-Identifier: LGPL-2.1-or-later
// Entry point of ntdll_alpc.dll. The DLL is loaded when a forwarder of ntdll is first resolved, under the
// loader lock, so nothing here may load another module or wait.
#include "pe/hooks.h"
#include "pe/left_calls.h"
#include "pe/noted_handles.h"
#include "pe/relay.h"
#include "pe/token_hooks.h"
#include "pe/unix_call.h"
#include "pe/unix_threads.h"

extern "C" NTSTATUS NTAPI LdrDisableThreadCalloutsForDll(PVOID module);

extern "C" BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID /*reserved*/) {
    if (reason == DLL_PROCESS_ATTACH) {
        LdrDisableThreadCalloutsForDll(module);
        if (ntalpc::attach_unix_half(module)) {
            ntalpc::share_notes();
            ntalpc::share_helper();
            ntalpc::share_thread_start();
            if (ntalpc::install_hooks()) ntalpc::share_token_changes();
            ntalpc::start_relay();
        }
    }
    return TRUE;
}
