// SPDX-License-Identifier: LGPL-2.1-or-later
#include "wine/handle_facts.h"

#include <array>
#include <string_view>

#include "core/host_processes.h"
#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "wine/imports.h"

namespace ntalpc::wine {

namespace {

constexpr ULONG kObjectBasicInformation = 0, kObjectTypeInformation = 2;
constexpr ULONG kObjectDataInformation = 4;
constexpr std::uint32_t kProcessDupHandle = 0x40;

// OBJECT_BASIC_INFORMATION; only its beginning is of interest.
struct BasicInformation {
    ULONG attributes;
    ACCESS_MASK granted_access;
    ULONG rest[12];
};
static_assert(sizeof(BasicInformation) == 56);

struct TypeCode {
    std::u16string_view name;
    std::uint32_t code;
};
constexpr TypeCode kTypeCodes[] = {
    {u"File", ALPC_PORFLG_OBJECT_TYPE_FILE},           {u"Thread", ALPC_PORFLG_OBJECT_TYPE_THREAD},
    {u"Semaphore", ALPC_PORFLG_OBJECT_TYPE_SEMAPHORE}, {u"Event", ALPC_PORFLG_OBJECT_TYPE_EVENT},
    {u"Process", ALPC_PORFLG_OBJECT_TYPE_PROCESS},     {u"Mutant", ALPC_PORFLG_OBJECT_TYPE_MUTEX},
    {u"Section", ALPC_PORFLG_OBJECT_TYPE_SECTION},     {u"Key", ALPC_PORFLG_OBJECT_TYPE_REG_KEY},
    {u"Token", ALPC_PORFLG_OBJECT_TYPE_TOKEN},         {u"Job", ALPC_PORFLG_OBJECT_TYPE_JOB},
};

std::uint32_t code_of(std::u16string_view name) {
    for (const TypeCode& type : kTypeCodes) {
        if (type.name == name) return type.code;
    }
    return 0;
}

}  // namespace

NTSTATUS query_handle(HANDLE handle, HandleFacts* facts) {
    BasicInformation basic{};
    NTSTATUS status = nt_query_object(handle, kObjectBasicInformation, &basic, sizeof(basic), nullptr);
    if (status != STATUS_SUCCESS) return status;
    facts->access = basic.granted_access;
    // The structure begins with the name, whose characters follow behind.
    alignas(UNICODE_STRING) std::array<char, 512> type{};
    status = nt_query_object(handle, kObjectTypeInformation, type.data(), sizeof(type), nullptr);
    if (status != STATUS_SUCCESS) return status;
    const auto* const name = reinterpret_cast<const UNICODE_STRING*>(type.data());
    facts->type = code_of({name->Buffer, name->Length / sizeof(WCHAR)});
    return STATUS_SUCCESS;
}

// Wine leaves this out of the basic information.
NTSTATUS query_inheritance(HANDLE handle, bool* inherited) {
    struct {
        BOOLEAN inherited, protected_from_close;
    } data{};
    const NTSTATUS status = nt_query_object(handle, kObjectDataInformation, &data, sizeof(data), nullptr);
    *inherited = data.inherited != 0;
    return status;
}

NTSTATUS open_process_for_duplication(std::uint64_t process_id, HANDLE* process) {
    return host::open_process(process_id, 0, kProcessDupHandle, 0, process);
}

}  // namespace ntalpc::wine
