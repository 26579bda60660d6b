// SPDX-License-Identifier: LGPL-2.1-or-later
// The base types of the NT interfaces, for C and C++. Where real Windows headers exist (Windows, mingw, Wine)
// they are used and this file adds nothing but the few macros at its end. Elsewhere the types are declared
// here with the same names, sizes and layout, so that one program source serves both worlds.
#ifndef NTALPC_NTBASE_H
#define NTALPC_NTBASE_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32) || defined(_WINDEF_) || defined(__WINE_WINTERNL_H)
#define NTALPC_WINDOWS_HEADERS 1
#endif

#ifdef NTALPC_WINDOWS_HEADERS

#include <windows.h>
#include <winternl.h>

#else

#ifndef __cplusplus
#include <uchar.h>
#endif

#define NTAPI
#define VOID void
#define CONST const

typedef void* PVOID;
typedef void* HANDLE;
typedef HANDLE* PHANDLE;
typedef unsigned char UCHAR;
typedef unsigned char BOOLEAN;
typedef BOOLEAN* PBOOLEAN;
typedef int16_t SHORT;
typedef uint16_t USHORT;
typedef int32_t LONG;
typedef uint32_t ULONG;
typedef ULONG* PULONG;
typedef int64_t LONGLONG;
typedef uint64_t ULONGLONG;
typedef uint64_t ULONG64;
typedef ULONG64* PULONG64;
typedef uintptr_t ULONG_PTR;
typedef size_t SIZE_T;
typedef SIZE_T* PSIZE_T;
typedef LONG NTSTATUS;
typedef NTSTATUS* PNTSTATUS;
typedef ULONG ACCESS_MASK;
typedef ACCESS_MASK* PACCESS_MASK;
typedef char16_t WCHAR;
typedef WCHAR* PWSTR;
typedef const WCHAR* PCWSTR;
typedef void* PSID;
typedef void* PSECURITY_DESCRIPTOR;

#ifndef TRUE
#define TRUE 1
#define FALSE 0
#endif

typedef union _LARGE_INTEGER {
    struct {
        ULONG LowPart;
        LONG HighPart;
    } u;
    struct {
        ULONG LowPart;
        LONG HighPart;
    };
    LONGLONG QuadPart __attribute__((aligned(8)));
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef struct _LUID {
    ULONG LowPart;
    LONG HighPart;
} LUID, *PLUID;

typedef struct _UNICODE_STRING {
    USHORT Length;         // bytes in use, without any terminator
    USHORT MaximumLength;  // bytes at Buffer
    PWSTR Buffer;
} UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING* PCUNICODE_STRING;

typedef struct _CLIENT_ID {
    HANDLE UniqueProcess;
    HANDLE UniqueThread;
} CLIENT_ID, *PCLIENT_ID;

typedef enum _SECURITY_IMPERSONATION_LEVEL {
    SecurityAnonymous,
    SecurityIdentification,
    SecurityImpersonation,
    SecurityDelegation
} SECURITY_IMPERSONATION_LEVEL;

typedef BOOLEAN SECURITY_CONTEXT_TRACKING_MODE;
#define SECURITY_STATIC_TRACKING 0
#define SECURITY_DYNAMIC_TRACKING 1

typedef struct _SECURITY_QUALITY_OF_SERVICE {
    ULONG Length;
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    SECURITY_CONTEXT_TRACKING_MODE ContextTrackingMode;
    BOOLEAN EffectiveOnly;
} SECURITY_QUALITY_OF_SERVICE, *PSECURITY_QUALITY_OF_SERVICE;

typedef struct _OBJECT_ATTRIBUTES {
    ULONG Length;
    HANDLE RootDirectory;
    PUNICODE_STRING ObjectName;
    ULONG Attributes;
    PVOID SecurityDescriptor;
    PVOID SecurityQualityOfService;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;

#define OBJ_INHERIT 0x00000002
#define OBJ_PERMANENT 0x00000010
#define OBJ_EXCLUSIVE 0x00000020
#define OBJ_CASE_INSENSITIVE 0x00000040
#define OBJ_OPENIF 0x00000080
#define OBJ_OPENLINK 0x00000100
#define OBJ_KERNEL_HANDLE 0x00000200
#define OBJ_FORCE_ACCESS_CHECK 0x00000400
#define OBJ_IGNORE_IMPERSONATED_DEVICEMAP 0x00000800
#define OBJ_DONT_REPARSE 0x00001000
#define OBJ_VALID_ATTRIBUTES 0x00001FF2

#define InitializeObjectAttributes(p, n, a, r, s) \
    do {                                          \
        (p)->Length = sizeof(OBJECT_ATTRIBUTES);  \
        (p)->RootDirectory = (r);                 \
        (p)->ObjectName = (n);                    \
        (p)->Attributes = (a);                    \
        (p)->SecurityDescriptor = (s);            \
        (p)->SecurityQualityOfService = NULL;     \
    } while (0)

typedef struct _TP_CALLBACK_INSTANCE TP_CALLBACK_INSTANCE, *PTP_CALLBACK_INSTANCE;
typedef struct _TP_CALLBACK_ENVIRON TP_CALLBACK_ENVIRON, *PTP_CALLBACK_ENVIRON;

#define STANDARD_RIGHTS_REQUIRED 0x000F0000
#define SYNCHRONIZE 0x00100000
#define GENERIC_ALL 0x10000000
#define GENERIC_EXECUTE 0x20000000
#define GENERIC_WRITE 0x40000000
#define GENERIC_READ 0x80000000
#define MAXIMUM_ALLOWED 0x02000000

#endif  // NTALPC_WINDOWS_HEADERS

#ifndef NT_SUCCESS
#define NT_SUCCESS(status) ((NTSTATUS)(status) >= 0)
#endif

// How the calls are declared. On Windows without dllimport, so that the same declarations serve the DLL that
// defines them; import libraries work with either.
#ifdef NTALPC_WINDOWS_HEADERS
#define NTALPC_API
#else
#define NTALPC_API __attribute__((visibility("default")))
#endif

#endif  // NTALPC_NTBASE_H
