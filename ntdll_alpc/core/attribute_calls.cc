// SPDX-License-Identifier: LGPL-2.1-or-later
// The helper calls that compute in user mode, with their exported names. They work on memory of the caller
// and fault on bad pointers like any function of a program.
#include "core/attributes.h"
#include "ntalpc/ntlpcapi.h"

// The lengths of a message are 16-bit fields, so a message, header included, has at most 65535 bytes on every
// target. Some descriptions give slightly smaller numbers, rounded down to an alignment or reduced by a
// header; with the full range no length that works on Windows is refused, and programs that size buffers by
// it get enough.
static constexpr ULONG kMaxMessageLength = 0xffff;

ULONG NTAPI AlpcMaxAllowedMessageLength(void) {
    return kMaxMessageLength;
}

ULONG NTAPI AlpcGetHeaderSize(ULONG Flags) {
    return ntalpc::attributes::header_size(Flags);
}

NTSTATUS NTAPI AlpcInitializeMessageAttribute(ULONG AttributeFlags, PALPC_MESSAGE_ATTRIBUTES Buffer,
                                              SIZE_T BufferSize, PSIZE_T RequiredBufferSize) {
    return ntalpc::attributes::initialize(AttributeFlags, Buffer, BufferSize, RequiredBufferSize);
}

PVOID NTAPI AlpcGetMessageAttribute(PALPC_MESSAGE_ATTRIBUTES Buffer, ULONG AttributeFlag) {
    return ntalpc::attributes::find(Buffer, AttributeFlag);
}
