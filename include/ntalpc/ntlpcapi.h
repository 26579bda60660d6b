// SPDX-License-Identifier: LGPL-2.1-or-later
// Local procedure calls of NT: structures, constants and the 66 + 8 entry points, for C and C++. Sizes and
// offsets are checked at the end for 64-bit and 32-bit targets. Lengths are bytes, times are 100 ns units
// (negative = relative), a NULL timeout waits for ever.
#ifndef NTALPC_NTLPCAPI_H
#define NTALPC_NTLPCAPI_H

#include "ntalpc/ntbase.h"

#ifdef __WINE_WINTERNL_H
#error "Wine's winternl.h has other port types under these names; use mingw's headers, or none of NT"
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define NTALPC_ALIGNED(bytes) __attribute__((aligned(bytes)))

// ---- Messages ----

typedef struct _PORT_MESSAGE {
    union {
        struct {
            SHORT DataLength;   // bytes after this header
            SHORT TotalLength;  // header and data; both are really unsigned
        } s1;
        ULONG Length;
    } u1;
    union {
        struct {
            SHORT Type;
            SHORT DataInfoOffset;
        } s2;
        ULONG ZeroInit;
    } u2;
    union {
        CLIENT_ID ClientId;
        double DoNotUseThisField NTALPC_ALIGNED(8);  // only there for the alignment
    };
    ULONG MessageId;
    union {
        SIZE_T ClientViewSize;  // in connection requests
        ULONG CallbackId;       // in requests
    };
} PORT_MESSAGE, *PPORT_MESSAGE;

typedef struct _CLIENT_ID64 {
    ULONG64 UniqueProcess NTALPC_ALIGNED(8);
    ULONG64 UniqueThread NTALPC_ALIGNED(8);
} CLIENT_ID64, *PCLIENT_ID64;

// The 64-bit layout, whatever the target.
typedef struct _PORT_MESSAGE64 {
    union {
        struct {
            SHORT DataLength;
            SHORT TotalLength;
        } s1;
        ULONG Length;
    } u1;
    union {
        struct {
            SHORT Type;
            SHORT DataInfoOffset;
        } s2;
        ULONG ZeroInit;
    } u2;
    union {
        CLIENT_ID64 ClientId;
        double DoNotUseThisField NTALPC_ALIGNED(8);
    };
    ULONG MessageId;
    union {
        ULONG64 ClientViewSize NTALPC_ALIGNED(8);
        ULONG CallbackId;
    };
} PORT_MESSAGE64, *PPORT_MESSAGE64;

// Low byte of PORT_MESSAGE.u2.s2.Type.
#define LPC_REQUEST 1
#define LPC_REPLY 2
#define LPC_DATAGRAM 3
#define LPC_LOST_REPLY 4
#define LPC_PORT_CLOSED 5
#define LPC_CLIENT_DIED 6
#define LPC_EXCEPTION 7
#define LPC_DEBUG_EVENT 8
#define LPC_ERROR_EVENT 9
#define LPC_CONNECTION_REQUEST 10
#define LPC_INTERNAL_CONNECTION_REPLY 11
#define LPC_CANCEL_MESSAGE 12
#define LPC_LEGACY_CONNECTION_REPLY 13

// High byte of it.
#define LPC_RESERVED_MESSAGE 0x1000
#define LPC_CONTINUATION_REQUIRED 0x2000
#define LPC_NO_IMPERSONATE 0x4000
#define LPC_KERNELMODE_MESSAGE 0x8000

#define ALPC_REQUEST (LPC_CONTINUATION_REQUIRED | LPC_REQUEST)
#define ALPC_REPLY (LPC_CONTINUATION_REQUIRED | LPC_REPLY)
#define ALPC_DATAGRAM (LPC_CONTINUATION_REQUIRED | LPC_DATAGRAM)
#define ALPC_LOST_REPLY (LPC_CONTINUATION_REQUIRED | LPC_LOST_REPLY)
#define ALPC_PORT_CLOSED (LPC_CONTINUATION_REQUIRED | LPC_PORT_CLOSED)
#define ALPC_CLIENT_DIED (LPC_CONTINUATION_REQUIRED | LPC_CLIENT_DIED)
#define ALPC_EXCEPTION (LPC_CONTINUATION_REQUIRED | LPC_EXCEPTION)
#define ALPC_DEBUG_EVENT (LPC_CONTINUATION_REQUIRED | LPC_DEBUG_EVENT)
#define ALPC_ERROR_EVENT (LPC_CONTINUATION_REQUIRED | LPC_ERROR_EVENT)
#define ALPC_CONNECTION_REQUEST (LPC_CONTINUATION_REQUIRED | LPC_CONNECTION_REQUEST)

typedef struct _LPC_CLIENT_DIED_MSG {
    PORT_MESSAGE PortMsg;
    LARGE_INTEGER CreateTime;
} LPC_CLIENT_DIED_MSG, *PLPC_CLIENT_DIED_MSG;

typedef struct _PORT_DATA_ENTRY {
    PVOID Base;
    ULONG Size;
} PORT_DATA_ENTRY, *PPORT_DATA_ENTRY;

typedef struct _PORT_DATA_INFORMATION {
    ULONG CountDataEntries;
    PORT_DATA_ENTRY DataEntries[1];
} PORT_DATA_INFORMATION, *PPORT_DATA_INFORMATION;

typedef struct _PORT_VIEW {
    ULONG Length;
    HANDLE SectionHandle;
    ULONG SectionOffset;
    SIZE_T ViewSize;
    PVOID ViewBase;
    PVOID ViewRemoteBase;
} PORT_VIEW, *PPORT_VIEW;

typedef struct _REMOTE_PORT_VIEW {
    ULONG Length;
    SIZE_T ViewSize;
    PVOID ViewBase;
} REMOTE_PORT_VIEW, *PREMOTE_PORT_VIEW;

typedef struct _PORT_VIEW64 {
    ULONG Length;
    ULONG64 SectionHandle NTALPC_ALIGNED(8);
    ULONG SectionOffset;
    ULONG64 ViewSize NTALPC_ALIGNED(8);
    ULONG64 ViewBase NTALPC_ALIGNED(8);
    ULONG64 ViewRemoteBase NTALPC_ALIGNED(8);
} PORT_VIEW64, *PPORT_VIEW64;

typedef struct _REMOTE_PORT_VIEW64 {
    ULONG Length;
    ULONG64 ViewSize NTALPC_ALIGNED(8);
    ULONG64 ViewBase NTALPC_ALIGNED(8);
} REMOTE_PORT_VIEW64, *PREMOTE_PORT_VIEW64;

#define PORT_MAXIMUM_MESSAGE_LENGTH (sizeof(void*) == 8 ? 512 : 256)
#define LPC_MAX_CONNECTION_INFO_SIZE (16 * sizeof(void*))
#define PORT_TOTAL_MAXIMUM_MESSAGE_LENGTH \
    ((PORT_MAXIMUM_MESSAGE_LENGTH + sizeof(PORT_MESSAGE) + LPC_MAX_CONNECTION_INFO_SIZE + 0xf) & ~(SIZE_T)0xf)

// ---- Access rights ----

#define PORT_CONNECT 0x0001
#define PORT_ALL_ACCESS (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | PORT_CONNECT)
#define PORT_VALID_OBJECT_ATTRIBUTES OBJ_CASE_INSENSITIVE

// ---- Port attributes ----

// A value from a port's own table (section, security context): not an NT handle, never passed to NtClose.
typedef HANDLE ALPC_HANDLE, *PALPC_HANDLE;

typedef struct _ALPC_PORT_ATTRIBUTES {
    ULONG Flags;
    SECURITY_QUALITY_OF_SERVICE SecurityQos;
    SIZE_T MaxMessageLength;  // header and data
    SIZE_T MemoryBandwidth;
    SIZE_T MaxPoolUsage;
    SIZE_T MaxSectionSize;
    SIZE_T MaxViewSize;
    SIZE_T MaxTotalSectionSize;
    ULONG DupObjectTypes;
#if UINTPTR_MAX > 0xffffffffu
    ULONG Reserved;
#endif
} ALPC_PORT_ATTRIBUTES, *PALPC_PORT_ATTRIBUTES;

#define ALPC_PORFLG_NONE 0x0
#define ALPC_PORFLG_LPC_MODE 0x1000
#define ALPC_PORFLG_ALLOW_IMPERSONATION 0x10000
#define ALPC_PORFLG_ALLOW_LPC_REQUESTS 0x20000
#define ALPC_PORFLG_WAITABLE_PORT 0x40000
#define ALPC_PORFLG_ALLOW_DUP_OBJECT 0x80000
#define ALPC_PORFLG_SYSTEM_PROCESS 0x100000
#define ALPC_PORFLG_WAKE_POLICY1 0x200000
#define ALPC_PORFLG_WAKE_POLICY2 0x400000
#define ALPC_PORFLG_WAKE_POLICY3 0x800000
#define ALPC_PORFLG_DIRECT_MESSAGE 0x1000000
#define ALPC_PORFLG_ALLOW_MULTIHANDLE_ATTRIBUTE 0x2000000

#define ALPC_PORFLG_OBJECT_TYPE_FILE 0x0001
#define ALPC_PORFLG_OBJECT_TYPE_INVALID 0x0002
#define ALPC_PORFLG_OBJECT_TYPE_THREAD 0x0004
#define ALPC_PORFLG_OBJECT_TYPE_SEMAPHORE 0x0008
#define ALPC_PORFLG_OBJECT_TYPE_EVENT 0x0010
#define ALPC_PORFLG_OBJECT_TYPE_PROCESS 0x0020
#define ALPC_PORFLG_OBJECT_TYPE_MUTEX 0x0040
#define ALPC_PORFLG_OBJECT_TYPE_SECTION 0x0080
#define ALPC_PORFLG_OBJECT_TYPE_REG_KEY 0x0100
#define ALPC_PORFLG_OBJECT_TYPE_TOKEN 0x0200
#define ALPC_PORFLG_OBJECT_TYPE_COMPOSITION 0x0400
#define ALPC_PORFLG_OBJECT_TYPE_JOB 0x0800
#define ALPC_PORFLG_OBJECT_TYPE_ALL 0x0FFD

// In the flags of accept and of the open-sender calls.
#define ALPC_PORTFLG_WOW64_STYLE_HEADER 0x80000000
#define ALPC_PORTFLG_TOP_MASK 0xC0000000

// ---- Message attributes ----

// A buffer of attributes is this header and then the structures of the allocated attributes, highest bit
// first, back to back.
typedef struct _ALPC_MESSAGE_ATTRIBUTES {
    ULONG AllocatedAttributes;
    ULONG ValidAttributes;
} ALPC_MESSAGE_ATTRIBUTES, *PALPC_MESSAGE_ATTRIBUTES;

#define ALPC_MESSAGE_SECURITY_ATTRIBUTE 0x80000000
#define ALPC_MESSAGE_VIEW_ATTRIBUTE 0x40000000
#define ALPC_MESSAGE_CONTEXT_ATTRIBUTE 0x20000000
#define ALPC_MESSAGE_HANDLE_ATTRIBUTE 0x10000000
#define ALPC_MESSAGE_TOKEN_ATTRIBUTE 0x08000000
#define ALPC_MESSAGE_DIRECT_ATTRIBUTE 0x04000000
#define ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE 0x02000000
#define ALPC_MESSAGE_ATTRIBUTE_ALL 0xFE000000

#define ALPC_ATTRFLG_ALLOCATEDATTR 0x20000000
#define ALPC_ATTRFLG_VALIDATTR 0x40000000
#define ALPC_ATTRFLG_KEEPRUNNINGATTR 0x60000000

typedef struct _ALPC_SECURITY_ATTR {
    ULONG Flags;
    PSECURITY_QUALITY_OF_SERVICE QoS;
    ALPC_HANDLE ContextHandle;
} ALPC_SECURITY_ATTR, *PALPC_SECURITY_ATTR;

#define ALPC_SECFLG_DELETE_EXISTING 0x10000
#define ALPC_SECFLG_CREATE_HANDLE 0x20000
#define ALPC_SECFLG_NOSECTIONHANDLE 0x40000

typedef struct _ALPC_DATA_VIEW_ATTR {
    ULONG Flags;
    ALPC_HANDLE SectionHandle;
    PVOID ViewBase;
    SIZE_T ViewSize;
} ALPC_DATA_VIEW_ATTR, *PALPC_DATA_VIEW_ATTR;

#define ALPC_VIEWFLG_UNMAP_EXISTING 0x10000
#define ALPC_VIEWFLG_AUTO_RELEASE 0x20000
#define ALPC_VIEWFLG_SECURED_ACCESS 0x40000

typedef struct _ALPC_CONTEXT_ATTR {
    PVOID PortContext;
    PVOID MessageContext;
    ULONG Sequence;
    ULONG MessageId;
    ULONG CallbackId;
} ALPC_CONTEXT_ATTR, *PALPC_CONTEXT_ATTR;

// Element of the indirect form of the handle attribute: 32-bit handle values on every target.
typedef struct _ALPC_HANDLE_ATTR32 {
    ULONG Flags;
    ULONG Handle;
    ULONG ObjectType;
    ACCESS_MASK DesiredAccess;
} ALPC_HANDLE_ATTR32, *PALPC_HANDLE_ATTR32;

typedef struct _ALPC_HANDLE_ATTR {
    ULONG Flags;
    union {
        HANDLE Handle;
        PALPC_HANDLE_ATTR32 HandleAttrArray;  // with ALPC_HANDLEFLG_INDIRECT
    };
    union {
        ULONG ObjectType;
        ULONG HandleCount;  // with ALPC_HANDLEFLG_INDIRECT
    };
    union {
        ACCESS_MASK DesiredAccess;
        ACCESS_MASK GrantedAccess;
    };
} ALPC_HANDLE_ATTR, *PALPC_HANDLE_ATTR;

#define ALPC_HANDLEFLG_DUPLICATE_SAME_ACCESS 0x10000
#define ALPC_HANDLEFLG_DUPLICATE_SAME_ATTRIBUTES 0x20000
#define ALPC_HANDLEFLG_INDIRECT 0x40000
#define ALPC_HANDLEFLG_DUPLICATE_INHERIT 0x80000
#define ALPC_INDIRECT_HANDLE_MAX 512

typedef struct _ALPC_TOKEN_ATTR {
    LUID TokenId;
    LUID AuthenticationId;
    LUID ModifiedId;
} ALPC_TOKEN_ATTR, *PALPC_TOKEN_ATTR;

typedef struct _ALPC_DIRECT_ATTR {
    HANDLE EventHandle;
} ALPC_DIRECT_ATTR, *PALPC_DIRECT_ATTR;

typedef struct _ALPC_WORK_ON_BEHALF_TICKET {
    ULONG ThreadId;
    ULONG ThreadCreationTimeLow;
} ALPC_WORK_ON_BEHALF_TICKET, *PALPC_WORK_ON_BEHALF_TICKET;

typedef struct _ALPC_WORK_ON_BEHALF_ATTR {
    ALPC_WORK_ON_BEHALF_TICKET Ticket;
} ALPC_WORK_ON_BEHALF_ATTR, *PALPC_WORK_ON_BEHALF_ATTR;

// ---- Flags of the calls ----

#define ALPC_MSGFLG_NONE 0x0
#define ALPC_MSGFLG_REPLY_MESSAGE 0x1
#define ALPC_MSGFLG_LPC_MODE 0x2
#define ALPC_MSGFLG_RELEASE_MESSAGE 0x10000
#define ALPC_MSGFLG_SYNC_REQUEST 0x20000
#define ALPC_MSGFLG_TRACK_PORT_REFERENCES 0x40000
#define ALPC_MSGFLG_WAIT_USER_MODE 0x100000
#define ALPC_MSGFLG_WAIT_ALERTABLE 0x200000
#define ALPC_MSGFLG_SIGNAL_ALERTABLE 0x400000
#define ALPC_MSGFLG_INTERNAL_REJECT 0x1000000
#define ALPC_MSGFLG_WOW64_CALL 0x80000000

#define ALPC_CANCELFLG_TRY_CANCEL 0x1
#define ALPC_CANCELFLG_RESERVED_CAPTURE32 0x4
#define ALPC_CANCELFLG_NO_CONTEXT_CHECK 0x8
#define ALPC_CANCELFLG_FLUSH 0x10000

#define ALPC_DISCONNECT_PORT_FLG_DEFAULT 0x0
#define ALPC_DISCONNECT_PORT_FLG_SKIP_PENDING_FLUSH 0x1

#define ALPC_CREATEPORTSECTIONFLG_SECURE 0x40000

#define ALPC_IMPERSONATEFLG_ANONYMOUS 0x1
#define ALPC_IMPERSONATEFLG_REQUIRE_IMPERSONATE 0x2

// ---- Information classes ----

typedef enum _ALPC_PORT_INFORMATION_CLASS {
    AlpcBasicInformation = 0,
    AlpcPortInformation = 1,
    AlpcAssociateCompletionPortInformation = 2,
    AlpcConnectedSIDInformation = 3,
    AlpcServerInformation = 4,
    AlpcMessageZoneInformation = 5,
    AlpcRegisterCompletionListInformation = 6,
    AlpcUnregisterCompletionListInformation = 7,
    AlpcAdjustCompletionListConcurrencyCountInformation = 8,
    AlpcRegisterCallbackInformation = 9,
    AlpcCompletionListRundownInformation = 10,
    AlpcWaitForPortReferences = 11,
    AlpcServerSessionInformation = 12,
    // Callers may pass any number: the enumeration must be able to hold it.
    AlpcPortInformationClassForceInt = 0x7fffffff
} ALPC_PORT_INFORMATION_CLASS;

typedef enum _ALPC_MESSAGE_INFORMATION_CLASS {
    AlpcMessageSidInformation = 0,
    AlpcMessageTokenModifiedIdInformation = 1,
    AlpcMessageDirectStatusInformation = 2,
    AlpcMessageHandleInformation = 3,
    MaxAlpcMessageInfoClass = 4,
    AlpcMessageInformationClassForceInt = 0x7fffffff
} ALPC_MESSAGE_INFORMATION_CLASS;

typedef enum _PORT_INFORMATION_CLASS {
    PortBasicInformation = 0,
    PortDumpInformation = 1,
    PortInformationClassForceInt = 0x7fffffff
} PORT_INFORMATION_CLASS;

typedef struct _ALPC_BASIC_INFORMATION {
    ULONG Flags;
    ULONG SequenceNo;
    PVOID PortContext;
} ALPC_BASIC_INFORMATION, *PALPC_BASIC_INFORMATION;

typedef struct _ALPC_PORT_ASSOCIATE_COMPLETION_PORT {
    PVOID CompletionKey;
    HANDLE CompletionPort;
} ALPC_PORT_ASSOCIATE_COMPLETION_PORT, *PALPC_PORT_ASSOCIATE_COMPLETION_PORT;

typedef struct _ALPC_SERVER_INFORMATION {
    union {
        struct {
            HANDLE ThreadHandle;
        } In;
        struct {
            BOOLEAN ThreadBlocked;
            HANDLE ConnectedProcessId;
            UNICODE_STRING ConnectionPortName;
        } Out;
    };
} ALPC_SERVER_INFORMATION, *PALPC_SERVER_INFORMATION;

typedef struct _ALPC_PORT_MESSAGE_ZONE_INFORMATION {
    PVOID Buffer;
    ULONG Size;
} ALPC_PORT_MESSAGE_ZONE_INFORMATION, *PALPC_PORT_MESSAGE_ZONE_INFORMATION;

typedef struct _ALPC_PORT_COMPLETION_LIST_INFORMATION {
    PVOID Buffer;
    ULONG Size;
    ULONG ConcurrencyCount;
    ULONG AttributeFlags;
} ALPC_PORT_COMPLETION_LIST_INFORMATION, *PALPC_PORT_COMPLETION_LIST_INFORMATION;

typedef struct _ALPC_REGISTER_CALLBACK {
    PVOID CallbackObject;
    PVOID CallbackContext;
} ALPC_REGISTER_CALLBACK, *PALPC_REGISTER_CALLBACK;

typedef struct _ALPC_SERVER_SESSION_INFORMATION {
    ULONG SessionId;
    ULONG ProcessId;
} ALPC_SERVER_SESSION_INFORMATION, *PALPC_SERVER_SESSION_INFORMATION;

typedef struct _ALPC_MESSAGE_HANDLE_INFORMATION {
    ULONG Index;
    ULONG Flags;
    ULONG Handle;
    ULONG ObjectType;
    ACCESS_MASK GrantedAccess;
} ALPC_MESSAGE_HANDLE_INFORMATION, *PALPC_MESSAGE_HANDLE_INFORMATION;

// ---- Completion lists ----

#define ALPC_COMPLETION_LIST_BUFFER_GRANULARITY_MASK 0x3f

typedef struct _ALPC_COMPLETION_LIST_STATE {
    union {
        struct {
            ULONG64 Head : 24;
            ULONG64 Tail : 24;
            ULONG64 ActiveThreadCount : 16;
        } s1;
        ULONG64 Value NTALPC_ALIGNED(8);
    } u1;
} ALPC_COMPLETION_LIST_STATE, *PALPC_COMPLETION_LIST_STATE;

typedef struct NTALPC_ALIGNED(128) _ALPC_COMPLETION_LIST_HEADER {
    ULONG64 StartMagic NTALPC_ALIGNED(8);
    ULONG TotalSize;
    ULONG ListOffset;
    ULONG ListSize;
    ULONG BitmapOffset;
    ULONG BitmapSize;
    ULONG DataOffset;
    ULONG DataSize;
    ULONG AttributeFlags;
    ULONG AttributeSize;
    ALPC_COMPLETION_LIST_STATE State NTALPC_ALIGNED(128);
    ULONG LastMessageId;
    ULONG LastCallbackId;
    ULONG PostCount NTALPC_ALIGNED(128);
    ULONG ReturnCount NTALPC_ALIGNED(128);
    ULONG LogSequenceNumber NTALPC_ALIGNED(128);
    PVOID UserLock NTALPC_ALIGNED(128);
    ULONG64 EndMagic NTALPC_ALIGNED(8);
} ALPC_COMPLETION_LIST_HEADER, *PALPC_COMPLETION_LIST_HEADER;

// ---- Thread pool ----

typedef struct _TP_ALPC TP_ALPC, *PTP_ALPC;
typedef VOID(NTAPI* PTP_ALPC_CALLBACK)(PTP_CALLBACK_INSTANCE Instance, PVOID Context, PTP_ALPC Alpc);
typedef VOID(NTAPI* PTP_ALPC_CALLBACK_EX)(PTP_CALLBACK_INSTANCE Instance, PVOID Context, PTP_ALPC Alpc,
                                          PVOID ApcContext);

// Every Nt call has a second name with Zw.

// ---- ALPC ports and messages ----

NTALPC_API NTSTATUS NTAPI NtAlpcCreatePort(PHANDLE PortHandle, POBJECT_ATTRIBUTES ObjectAttributes,
                                           PALPC_PORT_ATTRIBUTES PortAttributes);
NTALPC_API NTSTATUS NTAPI ZwAlpcCreatePort(PHANDLE PortHandle, POBJECT_ATTRIBUTES ObjectAttributes,
                                           PALPC_PORT_ATTRIBUTES PortAttributes);
NTALPC_API NTSTATUS NTAPI NtAlpcDisconnectPort(HANDLE PortHandle, ULONG Flags);
NTALPC_API NTSTATUS NTAPI ZwAlpcDisconnectPort(HANDLE PortHandle, ULONG Flags);
NTALPC_API NTSTATUS NTAPI NtAlpcQueryInformation(HANDLE PortHandle,
                                                 ALPC_PORT_INFORMATION_CLASS PortInformationClass,
                                                 PVOID PortInformation, ULONG Length, PULONG ReturnLength);
NTALPC_API NTSTATUS NTAPI ZwAlpcQueryInformation(HANDLE PortHandle,
                                                 ALPC_PORT_INFORMATION_CLASS PortInformationClass,
                                                 PVOID PortInformation, ULONG Length, PULONG ReturnLength);
NTALPC_API NTSTATUS NTAPI NtAlpcSetInformation(HANDLE PortHandle,
                                               ALPC_PORT_INFORMATION_CLASS PortInformationClass,
                                               PVOID PortInformation, ULONG Length);
NTALPC_API NTSTATUS NTAPI ZwAlpcSetInformation(HANDLE PortHandle,
                                               ALPC_PORT_INFORMATION_CLASS PortInformationClass,
                                               PVOID PortInformation, ULONG Length);
NTALPC_API NTSTATUS NTAPI NtAlpcCreatePortSection(HANDLE PortHandle, ULONG Flags, HANDLE SectionHandle,
                                                  SIZE_T SectionSize, PALPC_HANDLE AlpcSectionHandle,
                                                  PSIZE_T ActualSectionSize);
NTALPC_API NTSTATUS NTAPI ZwAlpcCreatePortSection(HANDLE PortHandle, ULONG Flags, HANDLE SectionHandle,
                                                  SIZE_T SectionSize, PALPC_HANDLE AlpcSectionHandle,
                                                  PSIZE_T ActualSectionSize);
NTALPC_API NTSTATUS NTAPI NtAlpcDeletePortSection(HANDLE PortHandle, ULONG Flags, ALPC_HANDLE SectionHandle);
NTALPC_API NTSTATUS NTAPI ZwAlpcDeletePortSection(HANDLE PortHandle, ULONG Flags, ALPC_HANDLE SectionHandle);
NTALPC_API NTSTATUS NTAPI NtAlpcCreateResourceReserve(HANDLE PortHandle, ULONG Flags, SIZE_T MessageSize,
                                                      PULONG ResourceId);
NTALPC_API NTSTATUS NTAPI ZwAlpcCreateResourceReserve(HANDLE PortHandle, ULONG Flags, SIZE_T MessageSize,
                                                      PULONG ResourceId);
NTALPC_API NTSTATUS NTAPI NtAlpcDeleteResourceReserve(HANDLE PortHandle, ULONG Flags, ULONG ResourceId);
NTALPC_API NTSTATUS NTAPI ZwAlpcDeleteResourceReserve(HANDLE PortHandle, ULONG Flags, ULONG ResourceId);
NTALPC_API NTSTATUS NTAPI NtAlpcCreateSectionView(HANDLE PortHandle, ULONG Flags,
                                                  PALPC_DATA_VIEW_ATTR ViewAttributes);
NTALPC_API NTSTATUS NTAPI ZwAlpcCreateSectionView(HANDLE PortHandle, ULONG Flags,
                                                  PALPC_DATA_VIEW_ATTR ViewAttributes);
NTALPC_API NTSTATUS NTAPI NtAlpcDeleteSectionView(HANDLE PortHandle, ULONG Flags, PVOID ViewBase);
NTALPC_API NTSTATUS NTAPI ZwAlpcDeleteSectionView(HANDLE PortHandle, ULONG Flags, PVOID ViewBase);
NTALPC_API NTSTATUS NTAPI NtAlpcCreateSecurityContext(HANDLE PortHandle, ULONG Flags,
                                                      PALPC_SECURITY_ATTR SecurityAttribute);
NTALPC_API NTSTATUS NTAPI ZwAlpcCreateSecurityContext(HANDLE PortHandle, ULONG Flags,
                                                      PALPC_SECURITY_ATTR SecurityAttribute);
NTALPC_API NTSTATUS NTAPI NtAlpcDeleteSecurityContext(HANDLE PortHandle, ULONG Flags,
                                                      ALPC_HANDLE ContextHandle);
NTALPC_API NTSTATUS NTAPI ZwAlpcDeleteSecurityContext(HANDLE PortHandle, ULONG Flags,
                                                      ALPC_HANDLE ContextHandle);
NTALPC_API NTSTATUS NTAPI NtAlpcRevokeSecurityContext(HANDLE PortHandle, ULONG Flags,
                                                      ALPC_HANDLE ContextHandle);
NTALPC_API NTSTATUS NTAPI ZwAlpcRevokeSecurityContext(HANDLE PortHandle, ULONG Flags,
                                                      ALPC_HANDLE ContextHandle);
NTALPC_API NTSTATUS NTAPI NtAlpcQueryInformationMessage(
    HANDLE PortHandle, PPORT_MESSAGE PortMessage, ALPC_MESSAGE_INFORMATION_CLASS MessageInformationClass,
    PVOID MessageInformation, ULONG Length, PULONG ReturnLength);
NTALPC_API NTSTATUS NTAPI ZwAlpcQueryInformationMessage(
    HANDLE PortHandle, PPORT_MESSAGE PortMessage, ALPC_MESSAGE_INFORMATION_CLASS MessageInformationClass,
    PVOID MessageInformation, ULONG Length, PULONG ReturnLength);
NTALPC_API NTSTATUS NTAPI NtAlpcConnectPort(
    PHANDLE PortHandle, PUNICODE_STRING PortName, POBJECT_ATTRIBUTES ObjectAttributes,
    PALPC_PORT_ATTRIBUTES PortAttributes, ULONG Flags, PSID RequiredServerSid,
    PPORT_MESSAGE ConnectionMessage, PSIZE_T BufferLength, PALPC_MESSAGE_ATTRIBUTES OutMessageAttributes,
    PALPC_MESSAGE_ATTRIBUTES InMessageAttributes, PLARGE_INTEGER Timeout);
NTALPC_API NTSTATUS NTAPI ZwAlpcConnectPort(
    PHANDLE PortHandle, PUNICODE_STRING PortName, POBJECT_ATTRIBUTES ObjectAttributes,
    PALPC_PORT_ATTRIBUTES PortAttributes, ULONG Flags, PSID RequiredServerSid,
    PPORT_MESSAGE ConnectionMessage, PSIZE_T BufferLength, PALPC_MESSAGE_ATTRIBUTES OutMessageAttributes,
    PALPC_MESSAGE_ATTRIBUTES InMessageAttributes, PLARGE_INTEGER Timeout);
NTALPC_API NTSTATUS NTAPI NtAlpcConnectPortEx(
    PHANDLE PortHandle, POBJECT_ATTRIBUTES ConnectionPortObjectAttributes,
    POBJECT_ATTRIBUTES ClientPortObjectAttributes, PALPC_PORT_ATTRIBUTES PortAttributes, ULONG Flags,
    PSECURITY_DESCRIPTOR ServerSecurityRequirements, PPORT_MESSAGE ConnectionMessage, PSIZE_T BufferLength,
    PALPC_MESSAGE_ATTRIBUTES OutMessageAttributes, PALPC_MESSAGE_ATTRIBUTES InMessageAttributes,
    PLARGE_INTEGER Timeout);
NTALPC_API NTSTATUS NTAPI ZwAlpcConnectPortEx(
    PHANDLE PortHandle, POBJECT_ATTRIBUTES ConnectionPortObjectAttributes,
    POBJECT_ATTRIBUTES ClientPortObjectAttributes, PALPC_PORT_ATTRIBUTES PortAttributes, ULONG Flags,
    PSECURITY_DESCRIPTOR ServerSecurityRequirements, PPORT_MESSAGE ConnectionMessage, PSIZE_T BufferLength,
    PALPC_MESSAGE_ATTRIBUTES OutMessageAttributes, PALPC_MESSAGE_ATTRIBUTES InMessageAttributes,
    PLARGE_INTEGER Timeout);
NTALPC_API NTSTATUS NTAPI NtAlpcAcceptConnectPort(PHANDLE PortHandle, HANDLE ConnectionPortHandle,
                                                  ULONG Flags, POBJECT_ATTRIBUTES ObjectAttributes,
                                                  PALPC_PORT_ATTRIBUTES PortAttributes, PVOID PortContext,
                                                  PPORT_MESSAGE ConnectionRequest,
                                                  PALPC_MESSAGE_ATTRIBUTES ConnectionMessageAttributes,
                                                  BOOLEAN AcceptConnection);
NTALPC_API NTSTATUS NTAPI ZwAlpcAcceptConnectPort(PHANDLE PortHandle, HANDLE ConnectionPortHandle,
                                                  ULONG Flags, POBJECT_ATTRIBUTES ObjectAttributes,
                                                  PALPC_PORT_ATTRIBUTES PortAttributes, PVOID PortContext,
                                                  PPORT_MESSAGE ConnectionRequest,
                                                  PALPC_MESSAGE_ATTRIBUTES ConnectionMessageAttributes,
                                                  BOOLEAN AcceptConnection);
NTALPC_API NTSTATUS NTAPI NtAlpcSendWaitReceivePort(HANDLE PortHandle, ULONG Flags, PPORT_MESSAGE SendMessage,
                                                    PALPC_MESSAGE_ATTRIBUTES SendMessageAttributes,
                                                    PPORT_MESSAGE ReceiveMessage, PSIZE_T BufferLength,
                                                    PALPC_MESSAGE_ATTRIBUTES ReceiveMessageAttributes,
                                                    PLARGE_INTEGER Timeout);
NTALPC_API NTSTATUS NTAPI ZwAlpcSendWaitReceivePort(HANDLE PortHandle, ULONG Flags, PPORT_MESSAGE SendMessage,
                                                    PALPC_MESSAGE_ATTRIBUTES SendMessageAttributes,
                                                    PPORT_MESSAGE ReceiveMessage, PSIZE_T BufferLength,
                                                    PALPC_MESSAGE_ATTRIBUTES ReceiveMessageAttributes,
                                                    PLARGE_INTEGER Timeout);
NTALPC_API NTSTATUS NTAPI NtAlpcCancelMessage(HANDLE PortHandle, ULONG Flags,
                                              PALPC_CONTEXT_ATTR MessageContext);
NTALPC_API NTSTATUS NTAPI ZwAlpcCancelMessage(HANDLE PortHandle, ULONG Flags,
                                              PALPC_CONTEXT_ATTR MessageContext);
NTALPC_API NTSTATUS NTAPI NtAlpcImpersonateClientOfPort(HANDLE PortHandle, PPORT_MESSAGE Message,
                                                        ULONG Flags);
NTALPC_API NTSTATUS NTAPI ZwAlpcImpersonateClientOfPort(HANDLE PortHandle, PPORT_MESSAGE Message,
                                                        ULONG Flags);
NTALPC_API NTSTATUS NTAPI NtAlpcImpersonateClientContainerOfPort(HANDLE PortHandle, PPORT_MESSAGE Message,
                                                                 ULONG Flags);
NTALPC_API NTSTATUS NTAPI ZwAlpcImpersonateClientContainerOfPort(HANDLE PortHandle, PPORT_MESSAGE Message,
                                                                 ULONG Flags);
NTALPC_API NTSTATUS NTAPI NtAlpcOpenSenderProcess(PHANDLE ProcessHandle, HANDLE PortHandle,
                                                  PPORT_MESSAGE PortMessage, ULONG Flags,
                                                  ACCESS_MASK DesiredAccess,
                                                  POBJECT_ATTRIBUTES ObjectAttributes);
NTALPC_API NTSTATUS NTAPI ZwAlpcOpenSenderProcess(PHANDLE ProcessHandle, HANDLE PortHandle,
                                                  PPORT_MESSAGE PortMessage, ULONG Flags,
                                                  ACCESS_MASK DesiredAccess,
                                                  POBJECT_ATTRIBUTES ObjectAttributes);
NTALPC_API NTSTATUS NTAPI NtAlpcOpenSenderThread(PHANDLE ThreadHandle, HANDLE PortHandle,
                                                 PPORT_MESSAGE PortMessage, ULONG Flags,
                                                 ACCESS_MASK DesiredAccess,
                                                 POBJECT_ATTRIBUTES ObjectAttributes);
NTALPC_API NTSTATUS NTAPI ZwAlpcOpenSenderThread(PHANDLE ThreadHandle, HANDLE PortHandle,
                                                 PPORT_MESSAGE PortMessage, ULONG Flags,
                                                 ACCESS_MASK DesiredAccess,
                                                 POBJECT_ATTRIBUTES ObjectAttributes);

// ---- Legacy ports ----

NTALPC_API NTSTATUS NTAPI NtCreatePort(PHANDLE PortHandle, POBJECT_ATTRIBUTES ObjectAttributes,
                                       ULONG MaxConnectionInfoLength, ULONG MaxMessageLength,
                                       ULONG MaxPoolUsage);
NTALPC_API NTSTATUS NTAPI ZwCreatePort(PHANDLE PortHandle, POBJECT_ATTRIBUTES ObjectAttributes,
                                       ULONG MaxConnectionInfoLength, ULONG MaxMessageLength,
                                       ULONG MaxPoolUsage);
NTALPC_API NTSTATUS NTAPI NtCreateWaitablePort(PHANDLE PortHandle, POBJECT_ATTRIBUTES ObjectAttributes,
                                               ULONG MaxConnectionInfoLength, ULONG MaxMessageLength,
                                               ULONG MaxPoolUsage);
NTALPC_API NTSTATUS NTAPI ZwCreateWaitablePort(PHANDLE PortHandle, POBJECT_ATTRIBUTES ObjectAttributes,
                                               ULONG MaxConnectionInfoLength, ULONG MaxMessageLength,
                                               ULONG MaxPoolUsage);
NTALPC_API NTSTATUS NTAPI NtConnectPort(PHANDLE PortHandle, PUNICODE_STRING PortName,
                                        PSECURITY_QUALITY_OF_SERVICE SecurityQos, PPORT_VIEW ClientView,
                                        PREMOTE_PORT_VIEW ServerView, PULONG MaxMessageLength,
                                        PVOID ConnectionInformation, PULONG ConnectionInformationLength);
NTALPC_API NTSTATUS NTAPI ZwConnectPort(PHANDLE PortHandle, PUNICODE_STRING PortName,
                                        PSECURITY_QUALITY_OF_SERVICE SecurityQos, PPORT_VIEW ClientView,
                                        PREMOTE_PORT_VIEW ServerView, PULONG MaxMessageLength,
                                        PVOID ConnectionInformation, PULONG ConnectionInformationLength);
NTALPC_API NTSTATUS NTAPI NtSecureConnectPort(PHANDLE PortHandle, PUNICODE_STRING PortName,
                                              PSECURITY_QUALITY_OF_SERVICE SecurityQos, PPORT_VIEW ClientView,
                                              PSID RequiredServerSid, PREMOTE_PORT_VIEW ServerView,
                                              PULONG MaxMessageLength, PVOID ConnectionInformation,
                                              PULONG ConnectionInformationLength);
NTALPC_API NTSTATUS NTAPI ZwSecureConnectPort(PHANDLE PortHandle, PUNICODE_STRING PortName,
                                              PSECURITY_QUALITY_OF_SERVICE SecurityQos, PPORT_VIEW ClientView,
                                              PSID RequiredServerSid, PREMOTE_PORT_VIEW ServerView,
                                              PULONG MaxMessageLength, PVOID ConnectionInformation,
                                              PULONG ConnectionInformationLength);
NTALPC_API NTSTATUS NTAPI NtListenPort(HANDLE PortHandle, PPORT_MESSAGE ConnectionRequest);
NTALPC_API NTSTATUS NTAPI ZwListenPort(HANDLE PortHandle, PPORT_MESSAGE ConnectionRequest);
NTALPC_API NTSTATUS NTAPI NtAcceptConnectPort(PHANDLE PortHandle, PVOID PortContext,
                                              PPORT_MESSAGE ConnectionRequest, BOOLEAN AcceptConnection,
                                              PPORT_VIEW ServerView, PREMOTE_PORT_VIEW ClientView);
NTALPC_API NTSTATUS NTAPI ZwAcceptConnectPort(PHANDLE PortHandle, PVOID PortContext,
                                              PPORT_MESSAGE ConnectionRequest, BOOLEAN AcceptConnection,
                                              PPORT_VIEW ServerView, PREMOTE_PORT_VIEW ClientView);
NTALPC_API NTSTATUS NTAPI NtCompleteConnectPort(HANDLE PortHandle);
NTALPC_API NTSTATUS NTAPI ZwCompleteConnectPort(HANDLE PortHandle);
NTALPC_API NTSTATUS NTAPI NtRequestPort(HANDLE PortHandle, PPORT_MESSAGE RequestMessage);
NTALPC_API NTSTATUS NTAPI ZwRequestPort(HANDLE PortHandle, PPORT_MESSAGE RequestMessage);
NTALPC_API NTSTATUS NTAPI NtRequestWaitReplyPort(HANDLE PortHandle, PPORT_MESSAGE RequestMessage,
                                                 PPORT_MESSAGE ReplyMessage);
NTALPC_API NTSTATUS NTAPI ZwRequestWaitReplyPort(HANDLE PortHandle, PPORT_MESSAGE RequestMessage,
                                                 PPORT_MESSAGE ReplyMessage);
NTALPC_API NTSTATUS NTAPI NtReplyPort(HANDLE PortHandle, PPORT_MESSAGE ReplyMessage);
NTALPC_API NTSTATUS NTAPI ZwReplyPort(HANDLE PortHandle, PPORT_MESSAGE ReplyMessage);
NTALPC_API NTSTATUS NTAPI NtReplyWaitReplyPort(HANDLE PortHandle, PPORT_MESSAGE ReplyMessage);
NTALPC_API NTSTATUS NTAPI ZwReplyWaitReplyPort(HANDLE PortHandle, PPORT_MESSAGE ReplyMessage);
NTALPC_API NTSTATUS NTAPI NtReplyWaitReceivePort(HANDLE PortHandle, PVOID* PortContext,
                                                 PPORT_MESSAGE ReplyMessage, PPORT_MESSAGE ReceiveMessage);
NTALPC_API NTSTATUS NTAPI ZwReplyWaitReceivePort(HANDLE PortHandle, PVOID* PortContext,
                                                 PPORT_MESSAGE ReplyMessage, PPORT_MESSAGE ReceiveMessage);
NTALPC_API NTSTATUS NTAPI NtReplyWaitReceivePortEx(HANDLE PortHandle, PVOID* PortContext,
                                                   PPORT_MESSAGE ReplyMessage, PPORT_MESSAGE ReceiveMessage,
                                                   PLARGE_INTEGER Timeout);
NTALPC_API NTSTATUS NTAPI ZwReplyWaitReceivePortEx(HANDLE PortHandle, PVOID* PortContext,
                                                   PPORT_MESSAGE ReplyMessage, PPORT_MESSAGE ReceiveMessage,
                                                   PLARGE_INTEGER Timeout);
NTALPC_API NTSTATUS NTAPI NtImpersonateClientOfPort(HANDLE PortHandle, PPORT_MESSAGE Message);
NTALPC_API NTSTATUS NTAPI ZwImpersonateClientOfPort(HANDLE PortHandle, PPORT_MESSAGE Message);
NTALPC_API NTSTATUS NTAPI NtReadRequestData(HANDLE PortHandle, PPORT_MESSAGE Message, ULONG DataEntryIndex,
                                            PVOID Buffer, SIZE_T BufferSize, PSIZE_T NumberOfBytesRead);
NTALPC_API NTSTATUS NTAPI ZwReadRequestData(HANDLE PortHandle, PPORT_MESSAGE Message, ULONG DataEntryIndex,
                                            PVOID Buffer, SIZE_T BufferSize, PSIZE_T NumberOfBytesRead);
NTALPC_API NTSTATUS NTAPI NtWriteRequestData(HANDLE PortHandle, PPORT_MESSAGE Message, ULONG DataEntryIndex,
                                             PVOID Buffer, SIZE_T BufferSize, PSIZE_T NumberOfBytesWritten);
NTALPC_API NTSTATUS NTAPI ZwWriteRequestData(HANDLE PortHandle, PPORT_MESSAGE Message, ULONG DataEntryIndex,
                                             PVOID Buffer, SIZE_T BufferSize, PSIZE_T NumberOfBytesWritten);
NTALPC_API NTSTATUS NTAPI NtQueryInformationPort(HANDLE PortHandle,
                                                 PORT_INFORMATION_CLASS PortInformationClass,
                                                 PVOID PortInformation, ULONG Length, PULONG ReturnLength);
NTALPC_API NTSTATUS NTAPI ZwQueryInformationPort(HANDLE PortHandle,
                                                 PORT_INFORMATION_CLASS PortInformationClass,
                                                 PVOID PortInformation, ULONG Length, PULONG ReturnLength);
NTALPC_API ULONG NTAPI NtQueryPortInformationProcess(void);
NTALPC_API ULONG NTAPI ZwQueryPortInformationProcess(void);
NTALPC_API NTSTATUS NTAPI NtRegisterThreadTerminatePort(HANDLE PortHandle);
NTALPC_API NTSTATUS NTAPI ZwRegisterThreadTerminatePort(HANDLE PortHandle);
NTALPC_API NTSTATUS NTAPI NtSetDefaultHardErrorPort(HANDLE DefaultHardErrorPort);
NTALPC_API NTSTATUS NTAPI ZwSetDefaultHardErrorPort(HANDLE DefaultHardErrorPort);

// ---- Helpers in user mode ----

NTALPC_API ULONG NTAPI AlpcMaxAllowedMessageLength(void);
NTALPC_API ULONG NTAPI AlpcGetHeaderSize(ULONG Flags);
NTALPC_API NTSTATUS NTAPI AlpcInitializeMessageAttribute(ULONG AttributeFlags,
                                                         PALPC_MESSAGE_ATTRIBUTES Buffer, SIZE_T BufferSize,
                                                         PSIZE_T RequiredBufferSize);
NTALPC_API PVOID NTAPI AlpcGetMessageAttribute(PALPC_MESSAGE_ATTRIBUTES Buffer, ULONG AttributeFlag);
NTALPC_API NTSTATUS NTAPI AlpcRegisterCompletionList(HANDLE PortHandle, PALPC_COMPLETION_LIST_HEADER Buffer,
                                                     ULONG Size, ULONG ConcurrencyCount,
                                                     ULONG AttributeFlags);
NTALPC_API NTSTATUS NTAPI AlpcUnregisterCompletionList(HANDLE PortHandle);
NTALPC_API NTSTATUS NTAPI AlpcRundownCompletionList(HANDLE PortHandle);
NTALPC_API NTSTATUS NTAPI AlpcAdjustCompletionListConcurrencyCount(HANDLE PortHandle, ULONG ConcurrencyCount);
NTALPC_API BOOLEAN NTAPI AlpcRegisterCompletionListWorkerThread(PVOID CompletionList);
NTALPC_API BOOLEAN NTAPI AlpcUnregisterCompletionListWorkerThread(PVOID CompletionList);
NTALPC_API VOID NTAPI AlpcGetCompletionListLastMessageInformation(PVOID CompletionList, PULONG LastMessageId,
                                                                  PULONG LastCallbackId);
NTALPC_API ULONG NTAPI AlpcGetOutstandingCompletionListMessageCount(PVOID CompletionList);
NTALPC_API PPORT_MESSAGE NTAPI AlpcGetMessageFromCompletionList(PVOID CompletionList,
                                                                PALPC_MESSAGE_ATTRIBUTES* MessageAttributes);
NTALPC_API VOID NTAPI AlpcFreeCompletionListMessage(PVOID CompletionList, PPORT_MESSAGE Message);
NTALPC_API PALPC_MESSAGE_ATTRIBUTES NTAPI AlpcGetCompletionListMessageAttributes(PVOID CompletionList,
                                                                                 PPORT_MESSAGE Message);

// Thread pool

NTALPC_API NTSTATUS NTAPI TpAllocAlpcCompletion(PTP_ALPC* AlpcReturn, HANDLE AlpcPort,
                                                PTP_ALPC_CALLBACK Callback, PVOID Context,
                                                PTP_CALLBACK_ENVIRON Environ);
NTALPC_API NTSTATUS NTAPI TpAllocAlpcCompletionEx(PTP_ALPC* AlpcReturn, HANDLE AlpcPort,
                                                  PTP_ALPC_CALLBACK_EX Callback, PVOID Context,
                                                  PTP_CALLBACK_ENVIRON Environ);
NTALPC_API VOID NTAPI TpReleaseAlpcCompletion(PTP_ALPC Alpc);
NTALPC_API VOID NTAPI TpWaitForAlpcCompletion(PTP_ALPC Alpc);
NTALPC_API VOID NTAPI TpAlpcRegisterCompletionList(PTP_ALPC Alpc);
NTALPC_API VOID NTAPI TpAlpcUnregisterCompletionList(PTP_ALPC Alpc);
NTALPC_API VOID NTAPI TpCallbackSendAlpcMessageOnCompletion(PTP_CALLBACK_INSTANCE Instance, HANDLE PortHandle,
                                                            ULONG Flags, PPORT_MESSAGE SendMessage);
NTALPC_API VOID NTAPI TpCallbackSendPendingAlpcMessage(PTP_CALLBACK_INSTANCE Instance);

// ---- Event pairs ----

NTALPC_API NTSTATUS NTAPI NtCreateEventPair(PHANDLE EventPairHandle, ACCESS_MASK DesiredAccess,
                                            POBJECT_ATTRIBUTES ObjectAttributes);
NTALPC_API NTSTATUS NTAPI ZwCreateEventPair(PHANDLE EventPairHandle, ACCESS_MASK DesiredAccess,
                                            POBJECT_ATTRIBUTES ObjectAttributes);
NTALPC_API NTSTATUS NTAPI NtOpenEventPair(PHANDLE EventPairHandle, ACCESS_MASK DesiredAccess,
                                          POBJECT_ATTRIBUTES ObjectAttributes);
NTALPC_API NTSTATUS NTAPI ZwOpenEventPair(PHANDLE EventPairHandle, ACCESS_MASK DesiredAccess,
                                          POBJECT_ATTRIBUTES ObjectAttributes);
NTALPC_API NTSTATUS NTAPI NtSetHighEventPair(HANDLE EventPairHandle);
NTALPC_API NTSTATUS NTAPI ZwSetHighEventPair(HANDLE EventPairHandle);
NTALPC_API NTSTATUS NTAPI NtSetLowEventPair(HANDLE EventPairHandle);
NTALPC_API NTSTATUS NTAPI ZwSetLowEventPair(HANDLE EventPairHandle);
NTALPC_API NTSTATUS NTAPI NtSetHighWaitLowEventPair(HANDLE EventPairHandle);
NTALPC_API NTSTATUS NTAPI ZwSetHighWaitLowEventPair(HANDLE EventPairHandle);
NTALPC_API NTSTATUS NTAPI NtSetLowWaitHighEventPair(HANDLE EventPairHandle);
NTALPC_API NTSTATUS NTAPI ZwSetLowWaitHighEventPair(HANDLE EventPairHandle);
NTALPC_API NTSTATUS NTAPI NtWaitHighEventPair(HANDLE EventPairHandle);
NTALPC_API NTSTATUS NTAPI ZwWaitHighEventPair(HANDLE EventPairHandle);
NTALPC_API NTSTATUS NTAPI NtWaitLowEventPair(HANDLE EventPairHandle);
NTALPC_API NTSTATUS NTAPI ZwWaitLowEventPair(HANDLE EventPairHandle);

#ifdef __cplusplus
}
#endif

// ---- Layout checks ----

#ifdef __cplusplus
#define NTALPC_CHECK(condition) static_assert(condition, #condition)
#else
#define NTALPC_CHECK(condition) _Static_assert(condition, #condition)
#endif
#define NTALPC_CHECK_SIZE(type, bytes64, bytes32) \
    NTALPC_CHECK(sizeof(type) == (sizeof(void*) == 8 ? (bytes64) : (bytes32)))
#define NTALPC_CHECK_FIELD(type, field, at64, at32) \
    NTALPC_CHECK(offsetof(type, field) == (sizeof(void*) == 8 ? (at64) : (at32)))

NTALPC_CHECK_SIZE(CLIENT_ID, 0x10, 0x8);
NTALPC_CHECK_FIELD(CLIENT_ID, UniqueProcess, 0, 0);
NTALPC_CHECK_FIELD(CLIENT_ID, UniqueThread, 0x8, 0x4);
NTALPC_CHECK_SIZE(UNICODE_STRING, 0x10, 0x8);
NTALPC_CHECK_FIELD(UNICODE_STRING, Length, 0, 0);
NTALPC_CHECK_FIELD(UNICODE_STRING, MaximumLength, 0x2, 0x2);
NTALPC_CHECK_FIELD(UNICODE_STRING, Buffer, 0x8, 0x4);
NTALPC_CHECK_SIZE(OBJECT_ATTRIBUTES, 0x30, 0x18);
NTALPC_CHECK_FIELD(OBJECT_ATTRIBUTES, Length, 0, 0);
NTALPC_CHECK_FIELD(OBJECT_ATTRIBUTES, RootDirectory, 0x8, 0x4);
NTALPC_CHECK_FIELD(OBJECT_ATTRIBUTES, ObjectName, 0x10, 0x8);
NTALPC_CHECK_FIELD(OBJECT_ATTRIBUTES, Attributes, 0x18, 0xc);
NTALPC_CHECK_FIELD(OBJECT_ATTRIBUTES, SecurityDescriptor, 0x20, 0x10);
NTALPC_CHECK_FIELD(OBJECT_ATTRIBUTES, SecurityQualityOfService, 0x28, 0x14);
NTALPC_CHECK_SIZE(SECURITY_QUALITY_OF_SERVICE, 0xc, 0xc);
NTALPC_CHECK_FIELD(SECURITY_QUALITY_OF_SERVICE, Length, 0, 0);
NTALPC_CHECK_FIELD(SECURITY_QUALITY_OF_SERVICE, ImpersonationLevel, 0x4, 0x4);
NTALPC_CHECK_FIELD(SECURITY_QUALITY_OF_SERVICE, ContextTrackingMode, 0x8, 0x8);
NTALPC_CHECK_FIELD(SECURITY_QUALITY_OF_SERVICE, EffectiveOnly, 0x9, 0x9);
NTALPC_CHECK_SIZE(LARGE_INTEGER, 0x8, 0x8);
NTALPC_CHECK_SIZE(LUID, 0x8, 0x8);
NTALPC_CHECK_SIZE(PORT_MESSAGE, 0x28, 0x18);
NTALPC_CHECK_FIELD(PORT_MESSAGE, u1.s1.DataLength, 0, 0);
NTALPC_CHECK_FIELD(PORT_MESSAGE, u1.s1.TotalLength, 0x2, 0x2);
NTALPC_CHECK_FIELD(PORT_MESSAGE, u1.Length, 0, 0);
NTALPC_CHECK_FIELD(PORT_MESSAGE, u2.s2.Type, 0x4, 0x4);
NTALPC_CHECK_FIELD(PORT_MESSAGE, u2.s2.DataInfoOffset, 0x6, 0x6);
NTALPC_CHECK_FIELD(PORT_MESSAGE, u2.ZeroInit, 0x4, 0x4);
NTALPC_CHECK_FIELD(PORT_MESSAGE, ClientId, 0x8, 0x8);
NTALPC_CHECK_FIELD(PORT_MESSAGE, MessageId, 0x18, 0x10);
NTALPC_CHECK_FIELD(PORT_MESSAGE, ClientViewSize, 0x20, 0x14);
NTALPC_CHECK_FIELD(PORT_MESSAGE, CallbackId, 0x20, 0x14);
NTALPC_CHECK_SIZE(PORT_MESSAGE64, 0x28, 0x28);
NTALPC_CHECK_FIELD(PORT_MESSAGE64, ClientId, 0x8, 0x8);
NTALPC_CHECK_FIELD(PORT_MESSAGE64, MessageId, 0x18, 0x18);
NTALPC_CHECK_FIELD(PORT_MESSAGE64, ClientViewSize, 0x20, 0x20);
NTALPC_CHECK_FIELD(PORT_MESSAGE64, CallbackId, 0x20, 0x20);
NTALPC_CHECK_SIZE(LPC_CLIENT_DIED_MSG, 0x30, 0x20);
NTALPC_CHECK_FIELD(LPC_CLIENT_DIED_MSG, PortMsg, 0, 0);
NTALPC_CHECK_FIELD(LPC_CLIENT_DIED_MSG, CreateTime, 0x28, 0x18);
NTALPC_CHECK_SIZE(PORT_DATA_ENTRY, 0x10, 0x8);
NTALPC_CHECK_FIELD(PORT_DATA_ENTRY, Base, 0, 0);
NTALPC_CHECK_FIELD(PORT_DATA_ENTRY, Size, 0x8, 0x4);
NTALPC_CHECK_SIZE(PORT_DATA_INFORMATION, 0x18, 0xc);
NTALPC_CHECK_FIELD(PORT_DATA_INFORMATION, CountDataEntries, 0, 0);
NTALPC_CHECK_FIELD(PORT_DATA_INFORMATION, DataEntries, 0x8, 0x4);
NTALPC_CHECK_SIZE(PORT_VIEW, 0x30, 0x18);
NTALPC_CHECK_FIELD(PORT_VIEW, Length, 0, 0);
NTALPC_CHECK_FIELD(PORT_VIEW, SectionHandle, 0x8, 0x4);
NTALPC_CHECK_FIELD(PORT_VIEW, SectionOffset, 0x10, 0x8);
NTALPC_CHECK_FIELD(PORT_VIEW, ViewSize, 0x18, 0xc);
NTALPC_CHECK_FIELD(PORT_VIEW, ViewBase, 0x20, 0x10);
NTALPC_CHECK_FIELD(PORT_VIEW, ViewRemoteBase, 0x28, 0x14);
NTALPC_CHECK_SIZE(REMOTE_PORT_VIEW, 0x18, 0xc);
NTALPC_CHECK_FIELD(REMOTE_PORT_VIEW, Length, 0, 0);
NTALPC_CHECK_FIELD(REMOTE_PORT_VIEW, ViewSize, 0x8, 0x4);
NTALPC_CHECK_FIELD(REMOTE_PORT_VIEW, ViewBase, 0x10, 0x8);
NTALPC_CHECK_SIZE(PORT_VIEW64, 0x30, 0x30);
NTALPC_CHECK_FIELD(PORT_VIEW64, Length, 0, 0);
NTALPC_CHECK_FIELD(PORT_VIEW64, SectionHandle, 0x8, 0x8);
NTALPC_CHECK_FIELD(PORT_VIEW64, SectionOffset, 0x10, 0x10);
NTALPC_CHECK_FIELD(PORT_VIEW64, ViewSize, 0x18, 0x18);
NTALPC_CHECK_FIELD(PORT_VIEW64, ViewBase, 0x20, 0x20);
NTALPC_CHECK_FIELD(PORT_VIEW64, ViewRemoteBase, 0x28, 0x28);
NTALPC_CHECK_SIZE(REMOTE_PORT_VIEW64, 0x18, 0x18);
NTALPC_CHECK_FIELD(REMOTE_PORT_VIEW64, Length, 0, 0);
NTALPC_CHECK_FIELD(REMOTE_PORT_VIEW64, ViewSize, 0x8, 0x8);
NTALPC_CHECK_FIELD(REMOTE_PORT_VIEW64, ViewBase, 0x10, 0x10);
NTALPC_CHECK_SIZE(ALPC_PORT_ATTRIBUTES, 0x48, 0x2c);
NTALPC_CHECK_FIELD(ALPC_PORT_ATTRIBUTES, Flags, 0, 0);
NTALPC_CHECK_FIELD(ALPC_PORT_ATTRIBUTES, SecurityQos, 0x4, 0x4);
NTALPC_CHECK_FIELD(ALPC_PORT_ATTRIBUTES, MaxMessageLength, 0x10, 0x10);
NTALPC_CHECK_FIELD(ALPC_PORT_ATTRIBUTES, MemoryBandwidth, 0x18, 0x14);
NTALPC_CHECK_FIELD(ALPC_PORT_ATTRIBUTES, MaxPoolUsage, 0x20, 0x18);
NTALPC_CHECK_FIELD(ALPC_PORT_ATTRIBUTES, MaxSectionSize, 0x28, 0x1c);
NTALPC_CHECK_FIELD(ALPC_PORT_ATTRIBUTES, MaxViewSize, 0x30, 0x20);
NTALPC_CHECK_FIELD(ALPC_PORT_ATTRIBUTES, MaxTotalSectionSize, 0x38, 0x24);
NTALPC_CHECK_FIELD(ALPC_PORT_ATTRIBUTES, DupObjectTypes, 0x40, 0x28);
NTALPC_CHECK_SIZE(ALPC_MESSAGE_ATTRIBUTES, 0x8, 0x8);
NTALPC_CHECK_FIELD(ALPC_MESSAGE_ATTRIBUTES, AllocatedAttributes, 0, 0);
NTALPC_CHECK_FIELD(ALPC_MESSAGE_ATTRIBUTES, ValidAttributes, 0x4, 0x4);
NTALPC_CHECK_SIZE(ALPC_SECURITY_ATTR, 0x18, 0xc);
NTALPC_CHECK_FIELD(ALPC_SECURITY_ATTR, Flags, 0, 0);
NTALPC_CHECK_FIELD(ALPC_SECURITY_ATTR, QoS, 0x8, 0x4);
NTALPC_CHECK_FIELD(ALPC_SECURITY_ATTR, ContextHandle, 0x10, 0x8);
NTALPC_CHECK_SIZE(ALPC_DATA_VIEW_ATTR, 0x20, 0x10);
NTALPC_CHECK_FIELD(ALPC_DATA_VIEW_ATTR, Flags, 0, 0);
NTALPC_CHECK_FIELD(ALPC_DATA_VIEW_ATTR, SectionHandle, 0x8, 0x4);
NTALPC_CHECK_FIELD(ALPC_DATA_VIEW_ATTR, ViewBase, 0x10, 0x8);
NTALPC_CHECK_FIELD(ALPC_DATA_VIEW_ATTR, ViewSize, 0x18, 0xc);
NTALPC_CHECK_SIZE(ALPC_CONTEXT_ATTR, 0x20, 0x14);
NTALPC_CHECK_FIELD(ALPC_CONTEXT_ATTR, PortContext, 0, 0);
NTALPC_CHECK_FIELD(ALPC_CONTEXT_ATTR, MessageContext, 0x8, 0x4);
NTALPC_CHECK_FIELD(ALPC_CONTEXT_ATTR, Sequence, 0x10, 0x8);
NTALPC_CHECK_FIELD(ALPC_CONTEXT_ATTR, MessageId, 0x14, 0xc);
NTALPC_CHECK_FIELD(ALPC_CONTEXT_ATTR, CallbackId, 0x18, 0x10);
NTALPC_CHECK_SIZE(ALPC_HANDLE_ATTR, 0x18, 0x10);
NTALPC_CHECK_FIELD(ALPC_HANDLE_ATTR, Flags, 0, 0);
NTALPC_CHECK_FIELD(ALPC_HANDLE_ATTR, Handle, 0x8, 0x4);
NTALPC_CHECK_FIELD(ALPC_HANDLE_ATTR, HandleAttrArray, 0x8, 0x4);
NTALPC_CHECK_FIELD(ALPC_HANDLE_ATTR, ObjectType, 0x10, 0x8);
NTALPC_CHECK_FIELD(ALPC_HANDLE_ATTR, HandleCount, 0x10, 0x8);
NTALPC_CHECK_FIELD(ALPC_HANDLE_ATTR, DesiredAccess, 0x14, 0xc);
NTALPC_CHECK_FIELD(ALPC_HANDLE_ATTR, GrantedAccess, 0x14, 0xc);
NTALPC_CHECK_SIZE(ALPC_HANDLE_ATTR32, 0x10, 0x10);
NTALPC_CHECK_FIELD(ALPC_HANDLE_ATTR32, Flags, 0, 0);
NTALPC_CHECK_FIELD(ALPC_HANDLE_ATTR32, Handle, 0x4, 0x4);
NTALPC_CHECK_FIELD(ALPC_HANDLE_ATTR32, ObjectType, 0x8, 0x8);
NTALPC_CHECK_FIELD(ALPC_HANDLE_ATTR32, DesiredAccess, 0xc, 0xc);
NTALPC_CHECK_SIZE(ALPC_TOKEN_ATTR, 0x18, 0x18);
NTALPC_CHECK_FIELD(ALPC_TOKEN_ATTR, TokenId, 0, 0);
NTALPC_CHECK_FIELD(ALPC_TOKEN_ATTR, AuthenticationId, 0x8, 0x8);
NTALPC_CHECK_FIELD(ALPC_TOKEN_ATTR, ModifiedId, 0x10, 0x10);
NTALPC_CHECK_SIZE(ALPC_DIRECT_ATTR, 0x8, 0x4);
NTALPC_CHECK_FIELD(ALPC_DIRECT_ATTR, EventHandle, 0, 0);
NTALPC_CHECK_SIZE(ALPC_WORK_ON_BEHALF_ATTR, 0x8, 0x8);
NTALPC_CHECK_FIELD(ALPC_WORK_ON_BEHALF_ATTR, Ticket.ThreadId, 0, 0);
NTALPC_CHECK_FIELD(ALPC_WORK_ON_BEHALF_ATTR, Ticket.ThreadCreationTimeLow, 0x4, 0x4);
NTALPC_CHECK_SIZE(ALPC_BASIC_INFORMATION, 0x10, 0xc);
NTALPC_CHECK_FIELD(ALPC_BASIC_INFORMATION, Flags, 0, 0);
NTALPC_CHECK_FIELD(ALPC_BASIC_INFORMATION, SequenceNo, 0x4, 0x4);
NTALPC_CHECK_FIELD(ALPC_BASIC_INFORMATION, PortContext, 0x8, 0x8);
NTALPC_CHECK_SIZE(ALPC_PORT_ASSOCIATE_COMPLETION_PORT, 0x10, 0x8);
NTALPC_CHECK_FIELD(ALPC_PORT_ASSOCIATE_COMPLETION_PORT, CompletionKey, 0, 0);
NTALPC_CHECK_FIELD(ALPC_PORT_ASSOCIATE_COMPLETION_PORT, CompletionPort, 0x8, 0x4);
NTALPC_CHECK_SIZE(ALPC_SERVER_INFORMATION, 0x20, 0x10);
NTALPC_CHECK_FIELD(ALPC_SERVER_INFORMATION, In.ThreadHandle, 0, 0);
NTALPC_CHECK_FIELD(ALPC_SERVER_INFORMATION, Out.ThreadBlocked, 0, 0);
NTALPC_CHECK_FIELD(ALPC_SERVER_INFORMATION, Out.ConnectedProcessId, 0x8, 0x4);
NTALPC_CHECK_FIELD(ALPC_SERVER_INFORMATION, Out.ConnectionPortName, 0x10, 0x8);
NTALPC_CHECK_SIZE(ALPC_PORT_MESSAGE_ZONE_INFORMATION, 0x10, 0x8);
NTALPC_CHECK_FIELD(ALPC_PORT_MESSAGE_ZONE_INFORMATION, Buffer, 0, 0);
NTALPC_CHECK_FIELD(ALPC_PORT_MESSAGE_ZONE_INFORMATION, Size, 0x8, 0x4);
NTALPC_CHECK_SIZE(ALPC_PORT_COMPLETION_LIST_INFORMATION, 0x18, 0x10);
NTALPC_CHECK_FIELD(ALPC_PORT_COMPLETION_LIST_INFORMATION, Buffer, 0, 0);
NTALPC_CHECK_FIELD(ALPC_PORT_COMPLETION_LIST_INFORMATION, Size, 0x8, 0x4);
NTALPC_CHECK_FIELD(ALPC_PORT_COMPLETION_LIST_INFORMATION, ConcurrencyCount, 0xc, 0x8);
NTALPC_CHECK_FIELD(ALPC_PORT_COMPLETION_LIST_INFORMATION, AttributeFlags, 0x10, 0xc);
NTALPC_CHECK_SIZE(ALPC_REGISTER_CALLBACK, 0x10, 0x8);
NTALPC_CHECK_FIELD(ALPC_REGISTER_CALLBACK, CallbackObject, 0, 0);
NTALPC_CHECK_FIELD(ALPC_REGISTER_CALLBACK, CallbackContext, 0x8, 0x4);
NTALPC_CHECK_SIZE(ALPC_SERVER_SESSION_INFORMATION, 0x8, 0x8);
NTALPC_CHECK_FIELD(ALPC_SERVER_SESSION_INFORMATION, SessionId, 0, 0);
NTALPC_CHECK_FIELD(ALPC_SERVER_SESSION_INFORMATION, ProcessId, 0x4, 0x4);
NTALPC_CHECK_SIZE(ALPC_MESSAGE_HANDLE_INFORMATION, 0x14, 0x14);
NTALPC_CHECK_FIELD(ALPC_MESSAGE_HANDLE_INFORMATION, Index, 0, 0);
NTALPC_CHECK_FIELD(ALPC_MESSAGE_HANDLE_INFORMATION, Flags, 0x4, 0x4);
NTALPC_CHECK_FIELD(ALPC_MESSAGE_HANDLE_INFORMATION, Handle, 0x8, 0x8);
NTALPC_CHECK_FIELD(ALPC_MESSAGE_HANDLE_INFORMATION, ObjectType, 0xc, 0xc);
NTALPC_CHECK_FIELD(ALPC_MESSAGE_HANDLE_INFORMATION, GrantedAccess, 0x10, 0x10);
NTALPC_CHECK_SIZE(ALPC_COMPLETION_LIST_STATE, 0x8, 0x8);
NTALPC_CHECK_SIZE(ALPC_COMPLETION_LIST_HEADER, 0x300, 0x300);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, StartMagic, 0, 0);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, TotalSize, 0x8, 0x8);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, ListOffset, 0xc, 0xc);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, ListSize, 0x10, 0x10);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, BitmapOffset, 0x14, 0x14);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, BitmapSize, 0x18, 0x18);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, DataOffset, 0x1c, 0x1c);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, DataSize, 0x20, 0x20);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, AttributeFlags, 0x24, 0x24);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, AttributeSize, 0x28, 0x28);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, State, 0x80, 0x80);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, LastMessageId, 0x88, 0x88);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, LastCallbackId, 0x8c, 0x8c);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, PostCount, 0x100, 0x100);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, ReturnCount, 0x180, 0x180);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, LogSequenceNumber, 0x200, 0x200);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, UserLock, 0x280, 0x280);
NTALPC_CHECK_FIELD(ALPC_COMPLETION_LIST_HEADER, EndMagic, 0x288, 0x288);

#undef NTALPC_CHECK_FIELD
#undef NTALPC_CHECK_SIZE
#undef NTALPC_CHECK

#endif  // NTALPC_NTLPCAPI_H
