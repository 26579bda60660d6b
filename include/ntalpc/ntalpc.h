// SPDX-License-Identifier: LGPL-2.1-or-later
// The public header of libntalpc: NT local procedure calls for Linux programs.
//
// A program that includes this header and links with -lntalpc creates ports and connects to them exactly as a
// Windows program does through ntdll, in the same namespace: it can talk with other native programs and with
// Windows programs that run under Wine in the same prefix.
//
//     HANDLE port;
//     UNICODE_STRING name = ...;                                  // "\RPC Control\my port", UTF-16
//     OBJECT_ATTRIBUTES attributes;
//     InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
//     NTSTATUS status = NtAlpcCreatePort(&port, &attributes, NULL);
//
// Units. Lengths are bytes, also those of strings. Times are 100 ns units: negative is relative to now,
// positive counts from the year 1601, zero does not wait, and a NULL pointer waits for ever. WCHAR is a
// UTF-16 unit (char16_t), not wchar_t.
//
// Ownership. Every PHANDLE result is closed with NtClose. Closing the last handle of a port ends its
// connections; the other side is told. Buffers belong to the caller throughout and are read or written only
// during the call. An ALPC_HANDLE is a number of its port and is deleted by the call that matches the one
// that made it, not by NtClose. Handles are valid in this process only; after fork() the child must not use
// its parent's.
//
// Threads. Every call may be made from any thread and many threads may use one port at once. A blocked
// receive ends with STATUS_PORT_CLOSED when another thread closes the last handle of its port.
//
// Errors. Calls return an NTSTATUS: negative is failure (NT_SUCCESS is false), zero is success, and positive
// values say more about a success. STATUS_TIMEOUT is such a value: nothing was received. Bad pointers answer
// STATUS_ACCESS_VIOLATION and do not crash. Statuses are in ntalpc/status.h, together with status_name().
#ifndef NTALPC_NTALPC_H
#define NTALPC_NTALPC_H

#include "ntalpc/ntbase.h"
#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"

#ifndef NTALPC_WINDOWS_HEADERS
#ifdef __cplusplus
extern "C" {
#endif

NTALPC_API NTSTATUS NTAPI NtClose(HANDLE Handle);

#ifdef __cplusplus
}
#endif
#endif

#endif  // NTALPC_NTALPC_H
