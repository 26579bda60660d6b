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
// STATUS_ACCESS_VIOLATION and do not crash; the first call installs handlers for SIGSEGV and SIGBUS for this,
// which pass everything else on. A program that installs its own later keeps the protection only if it passes
// faults on to the handler it replaces. Statuses are in ntalpc/status.h, together with status_name().
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

// Makes a section of memory, to be offered to the other side of a connection as a PORT_VIEW. There are no
// files and no names: FileHandle and the name must be NULL. DesiredAccess, SectionPageProtection and
// AllocationAttributes are not used, all of the memory can be read and written at once.
NTALPC_API NTSTATUS NTAPI NtCreateSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess,
                                          POBJECT_ATTRIBUTES ObjectAttributes, PLARGE_INTEGER MaximumSize,
                                          ULONG SectionPageProtection, ULONG AllocationAttributes,
                                          HANDLE FileHandle);

// Gives another handle to the same object. Both process handles must be NtCurrentProcess(); DesiredAccess and
// HandleAttributes are not used, a duplicate has the access of its source. TargetHandle may be NULL.
#define NtCurrentProcess() ((HANDLE)(intptr_t)-1)
#define DUPLICATE_CLOSE_SOURCE 0x00000001
#define DUPLICATE_SAME_ACCESS 0x00000002
NTALPC_API NTSTATUS NTAPI NtDuplicateObject(HANDLE SourceProcessHandle, HANDLE SourceHandle,
                                            HANDLE TargetProcessHandle, PHANDLE TargetHandle,
                                            ACCESS_MASK DesiredAccess, ULONG HandleAttributes, ULONG Options);

// An event, for the direct attribute of messages (ALPC_DIRECT_ATTR) and whatever else. It has no name, stays
// set until it is reset, and EventType must be NotificationEvent. DesiredAccess is not used. PreviousState
// may be NULL.
typedef enum _EVENT_TYPE { NotificationEvent = 0, SynchronizationEvent = 1 } EVENT_TYPE;
NTALPC_API NTSTATUS NTAPI NtCreateEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess,
                                        POBJECT_ATTRIBUTES ObjectAttributes, EVENT_TYPE EventType,
                                        BOOLEAN InitialState);
NTALPC_API NTSTATUS NTAPI NtSetEvent(HANDLE EventHandle, LONG* PreviousState);
NTALPC_API NTSTATUS NTAPI NtResetEvent(HANDLE EventHandle, LONG* PreviousState);

// Makes a handle of an open file, pipe, socket or the like, so that it can be passed with the handle
// attribute of a message; a memfd made by NtCreateSection is a section instead. The descriptor is duplicated:
// the caller closes its own, and the handle with NtClose.
NTALPC_API NTSTATUS NTAPI NtalpcHandleFromDescriptor(int Descriptor, PHANDLE Handle);

// Gives a descriptor of what a handle stands for, such as one received with a message. The caller closes it.
NTALPC_API NTSTATUS NTAPI NtalpcDescriptorFromHandle(HANDLE Handle, int* Descriptor);

// Gives a descriptor for poll() and epoll: it is readable as long as the port has a message to receive that
// waits notice, or has ended. It is the same for everybody who asks, must only be polled, and is closed by
// the caller; with C++, ntalpc/async_receiver.h receives by it. It is what a native program uses instead of
// AlpcAssociateCompletionPortInformation, which finds no completion ports here (STATUS_OBJECT_TYPE_MISMATCH),
// and of the Tp* calls (STATUS_NOT_SUPPORTED). When messages go into a completion list it is readable until a
// receive finds the list empty.
NTALPC_API NTSTATUS NTAPI NtalpcOpenPortEvent(HANDLE PortHandle, int* Descriptor);

// Waits until an event is set, or a port made with ALPC_PORFLG_WAITABLE_PORT has a message to receive or has
// ended. The wait takes nothing from the object. Other ports are never signalled. Alertable has no effect.
NTALPC_API NTSTATUS NTAPI NtWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable, PLARGE_INTEGER Timeout);

typedef enum _OBJECT_INFORMATION_CLASS {
    ObjectBasicInformation = 0,
    ObjectNameInformation = 1,
    ObjectTypeInformation = 2
} OBJECT_INFORMATION_CLASS;

// Tells facts about an object; the structures are those of Windows. Duplicated handles count once.
NTALPC_API NTSTATUS NTAPI NtQueryObject(HANDLE Handle, OBJECT_INFORMATION_CLASS ObjectInformationClass,
                                        PVOID ObjectInformation, ULONG ObjectInformationLength,
                                        PULONG ReturnLength);

// Reads and changes the security descriptor of an object, as on Windows: what SecurityInformation names is
// what the handle must have been granted the access for. Descriptors are self-relative when read.
typedef ULONG SECURITY_INFORMATION;
#define OWNER_SECURITY_INFORMATION 0x00000001
#define GROUP_SECURITY_INFORMATION 0x00000002
#define DACL_SECURITY_INFORMATION 0x00000004
#define SACL_SECURITY_INFORMATION 0x00000008
#define LABEL_SECURITY_INFORMATION 0x00000010
NTALPC_API NTSTATUS NTAPI NtQuerySecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
                                                PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Length,
                                                PULONG LengthNeeded);
NTALPC_API NTSTATUS NTAPI NtSetSecurityObject(HANDLE Handle, SECURITY_INFORMATION SecurityInformation,
                                              PSECURITY_DESCRIPTOR SecurityDescriptor);

#ifdef __cplusplus
}
#endif
#endif

#endif  // NTALPC_NTALPC_H
