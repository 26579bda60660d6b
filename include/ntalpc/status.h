// SPDX-License-Identifier: LGPL-2.1-or-later
// The NTSTATUS constants, under their Windows names, and their names as text. Windows headers define them as
// macros; elsewhere they are constants. Either way this header makes all of status.def available and the
// values agree.
#ifndef NTALPC_STATUS_H
#define NTALPC_STATUS_H

// windows.h defines a handful of the codes and ntstatus.h defines all of them: only one of them may.
#if defined(_WIN32) && !defined(_WINDOWS_) && !defined(WIN32_NO_STATUS)
#define WIN32_NO_STATUS
#include <windows.h>
#undef WIN32_NO_STATUS
#endif

#ifdef __cplusplus
#include <cstdint>
#endif

#include "ntalpc/ntbase.h"

#ifdef NTALPC_WINDOWS_HEADERS

#include <ntstatus.h>

// Codes that older copies of ntstatus.h lack.
#ifndef STATUS_PORT_DO_NOT_DISTURB
#define STATUS_PORT_DO_NOT_DISTURB ((NTSTATUS)0xC0000036)
#endif
#ifndef STATUS_LPC_HANDLE_COUNT_EXCEEDED
#define STATUS_LPC_HANDLE_COUNT_EXCEEDED ((NTSTATUS)0xC0000722)
#endif

#ifdef __cplusplus
#define NT_STATUS(name, value)                                                 \
    static_assert(static_cast<NTSTATUS>(name) == static_cast<NTSTATUS>(value), \
                  "the headers disagree on " #name);
#include "ntalpc/status.def"
#undef NT_STATUS
#endif

#elif defined(__cplusplus)

#define NT_STATUS(name, value) inline constexpr NTSTATUS name = static_cast<NTSTATUS>(value);
#include "ntalpc/status.def"
#undef NT_STATUS

#else

enum {
#define NT_STATUS(name, value) name = (NTSTATUS)(value),
#include "ntalpc/status.def"
#undef NT_STATUS
};

#endif

#ifdef __cplusplus

namespace ntalpc {

// The name of a status, or nullptr for one that status.def does not list.
constexpr const char* status_name(std::int32_t status) {
    switch (static_cast<std::uint32_t>(status)) {
#define NT_STATUS(name, value) \
    case value:                \
        return #name;
#include "ntalpc/status.def"
#undef NT_STATUS
    }
    return nullptr;
}

}  // namespace ntalpc

#endif

#endif  // NTALPC_STATUS_H
