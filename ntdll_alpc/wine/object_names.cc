// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wine/object_names.h"

#include <cstddef>
#include <vector>

#include "ntalpc/status.h"
#include "wine/imports.h"

namespace ntalpc::wine {

namespace {

constexpr ULONG kObjectNameInformation = 1;
constexpr ULONG kObjectTypeInformation = 2;

// Asks for an answer that begins with a UNICODE_STRING whose characters follow somewhere behind.
NTSTATUS query_string(HANDLE handle, ULONG information_class, std::u16string* answer) {
    ULONG needed = 1024;
    for (;;) {
        std::vector<std::max_align_t> buffer(needed / sizeof(std::max_align_t) + 1);
        const auto size = static_cast<ULONG>(buffer.size() * sizeof(std::max_align_t));
        const NTSTATUS status = nt_query_object(handle, information_class, buffer.data(), size, &needed);
        if ((status == STATUS_INFO_LENGTH_MISMATCH || status == STATUS_BUFFER_OVERFLOW) && needed > size)
            continue;
        if (!NT_SUCCESS(status)) return status;
        const auto* string = reinterpret_cast<const UNICODE_STRING*>(buffer.data());
        answer->assign(string->Buffer ? string->Buffer : u"", string->Length / sizeof(WCHAR));
        return STATUS_SUCCESS;
    }
}

}  // namespace

NTSTATUS object_type_name(HANDLE handle, std::u16string* name) {
    return query_string(handle, kObjectTypeInformation, name);
}

NTSTATUS object_path(HANDLE handle, std::u16string* path) {
    return query_string(handle, kObjectNameInformation, path);
}

}  // namespace ntalpc::wine
