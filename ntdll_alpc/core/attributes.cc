// SPDX-License-Identifier: LGPL-2.1-or-later
// Finding and preparing attributes in a buffer of this program.
#include "core/attributes.h"

#include "ntalpc/status.h"

namespace ntalpc::attributes {

void* find(ALPC_MESSAGE_ATTRIBUTES* buffer, std::uint32_t flag) {
    const std::uint32_t offset = offset_of(buffer->AllocatedAttributes, flag);
    return offset ? reinterpret_cast<unsigned char*>(buffer) + offset : nullptr;
}

NTSTATUS initialize(std::uint32_t flags, ALPC_MESSAGE_ATTRIBUTES* buffer, SIZE_T size, SIZE_T* required) {
    *required = header_size(flags);
    if (size < *required) return STATUS_BUFFER_TOO_SMALL;
    if (buffer) {
        buffer->AllocatedAttributes = flags;  // unknown bits stay, as programs may look at them
        buffer->ValidAttributes = 0;
    }
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::attributes
