// SPDX-License-Identifier: LGPL-2.1-or-later
// The layout of message attribute buffers: a header and then the allocated attributes, highest bit first,
// back to back. Pure functions on both pointer widths, free of anything but headers, so that the PE half, the
// core and the native library share one definition.
#pragma once

#include <cstdint>

#include "ntalpc/ntlpcapi.h"

namespace ntalpc::attributes {

// Whose structures the buffer holds: those of a 64-bit or of a 32-bit program.
enum class Layout { bits64, bits32 };
inline constexpr Layout kNativeLayout = sizeof(void*) == 8 ? Layout::bits64 : Layout::bits32;

struct Kind {
    std::uint32_t flag;
    std::uint32_t size64;
    std::uint32_t size32;

    constexpr std::uint32_t size(Layout layout) const { return layout == Layout::bits64 ? size64 : size32; }
};

// In the order in which they stand in a buffer.
inline constexpr Kind kKinds[] = {
    {ALPC_MESSAGE_SECURITY_ATTRIBUTE, 0x18, 0x0c},       {ALPC_MESSAGE_VIEW_ATTRIBUTE, 0x20, 0x10},
    {ALPC_MESSAGE_CONTEXT_ATTRIBUTE, 0x20, 0x14},        {ALPC_MESSAGE_HANDLE_ATTRIBUTE, 0x18, 0x10},
    {ALPC_MESSAGE_TOKEN_ATTRIBUTE, 0x18, 0x18},          {ALPC_MESSAGE_DIRECT_ATTRIBUTE, 0x08, 0x04},
    {ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE, 0x08, 0x08},
};

static_assert(kKinds[0].size(kNativeLayout) == sizeof(ALPC_SECURITY_ATTR));
static_assert(kKinds[1].size(kNativeLayout) == sizeof(ALPC_DATA_VIEW_ATTR));
static_assert(kKinds[2].size(kNativeLayout) == sizeof(ALPC_CONTEXT_ATTR));
static_assert(kKinds[3].size(kNativeLayout) == sizeof(ALPC_HANDLE_ATTR));
static_assert(kKinds[4].size(kNativeLayout) == sizeof(ALPC_TOKEN_ATTR));
static_assert(kKinds[5].size(kNativeLayout) == sizeof(ALPC_DIRECT_ATTR));
static_assert(kKinds[6].size(kNativeLayout) == sizeof(ALPC_WORK_ON_BEHALF_ATTR));

// Bytes of a buffer in which `flags` are allocated. Unknown bits take no room.
constexpr std::uint32_t header_size(std::uint32_t flags, Layout layout = kNativeLayout) {
    std::uint32_t size = sizeof(ALPC_MESSAGE_ATTRIBUTES);
    for (const Kind& kind : kKinds) {
        if (flags & kind.flag) size += kind.size(layout);
    }
    return size;
}

// Where the attribute `flag` begins in a buffer in which `allocated` are allocated; 0 when it is not one of
// them or not exactly one bit. Everything at higher bits stands before it.
constexpr std::uint32_t offset_of(std::uint32_t allocated, std::uint32_t flag,
                                  Layout layout = kNativeLayout) {
    const bool one_bit = flag != 0 && (flag & (flag - 1)) == 0;
    if (!one_bit || !(allocated & flag)) return 0;
    return header_size(allocated & ~(flag | (flag - 1)), layout);
}

// The attribute in a buffer of this program, or nullptr. Whether it is valid does not matter.
void* find(ALPC_MESSAGE_ATTRIBUTES* buffer, std::uint32_t flag);

// Tells the size that `flags` need and, when `size` suffices and there is a buffer, writes its header.
NTSTATUS initialize(std::uint32_t flags, ALPC_MESSAGE_ATTRIBUTES* buffer, SIZE_T size, SIZE_T* required);

}  // namespace ntalpc::attributes
