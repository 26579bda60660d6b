// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/object_information.h"

#include "core/call_scope.h"
#include "core/capture.h"

namespace ntalpc::core {

namespace {

struct BasicInformation {
    ULONG attributes;
    ACCESS_MASK granted_access;
    ULONG handle_count;
    ULONG pointer_count;
    ULONG paged_pool_charge;
    ULONG nonpaged_pool_charge;
    ULONG reserved[3];
    ULONG name_size;
    ULONG type_size;
    ULONG security_descriptor_size;
    LONGLONG creation_time;
};
static_assert(sizeof(BasicInformation) == 56);

struct TypeInformation {
    UNICODE_STRING type_name;
    ULONG statistics[12];  // numbers of objects and handles, pool use, and their high-water marks
    ULONG invalid_attributes;
    ULONG generic_mapping[4];
    ULONG valid_access_mask;
    BOOLEAN security_required;
    BOOLEAN maintain_handle_count;
    UCHAR type_index;
    UCHAR reserved;
    ULONG pool_type;
    ULONG default_paged_pool_charge;
    ULONG default_nonpaged_pool_charge;
};
static_assert(sizeof(void*) != 8 || sizeof(TypeInformation) == 104);

struct Answer {
    void* buffer;
    ULONG length;
    ULONG* return_length;
};

NTSTATUS tell_length(const Answer& answer, std::size_t needed) {
    return answer.return_length ? write(answer.return_length, static_cast<ULONG>(needed)) : STATUS_SUCCESS;
}

// Writes a structure that begins with a string, and the string's characters behind it. An empty string takes
// no room and points nowhere.
template <class Structure>
NTSTATUS write_with_string(const Answer& answer, Structure structure, UNICODE_STRING Structure::*string,
                           wire::Bytes text) {
    const std::size_t room = text.empty() ? 0 : text.size() + sizeof(WCHAR);
    const std::size_t needed = sizeof(structure) + room;
    if (const NTSTATUS status = tell_length(answer, needed); status != STATUS_SUCCESS) return status;
    if (answer.length < sizeof(structure)) return STATUS_INFO_LENGTH_MISMATCH;
    if (answer.length < needed) return STATUS_BUFFER_OVERFLOW;
    auto* const characters = static_cast<char*>(answer.buffer) + sizeof(structure);
    if (!text.empty()) {
        (structure.*string).Length = static_cast<USHORT>(text.size());
        (structure.*string).MaximumLength = static_cast<USHORT>(room);
        (structure.*string).Buffer = reinterpret_cast<PWSTR>(characters);
        const WCHAR end = 0;
        if (!host::copy_to_program(characters, text.data(), text.size()) ||
            !host::copy_to_program(characters + text.size(), &end, sizeof(end)))
            return STATUS_ACCESS_VIOLATION;
    }
    return write(static_cast<Structure*>(answer.buffer), structure);
}

struct NameInformation {
    UNICODE_STRING name;
};

NTSTATUS write_basic(const Answer& answer, const wire::QueryObject::Reply& facts) {
    BasicInformation basic{};
    if (const NTSTATUS status = tell_length(answer, sizeof(basic)); status != STATUS_SUCCESS) return status;
    if (answer.length < sizeof(basic)) return STATUS_INFO_LENGTH_MISMATCH;
    basic.granted_access = facts.access;
    basic.handle_count = facts.handle_count;
    basic.pointer_count = facts.reference_count;
    return write(static_cast<BasicInformation*>(answer.buffer), basic);
}

NTSTATUS write_type(const Answer& answer, const wire::QueryObject::Reply& facts, wire::Bytes name) {
    TypeInformation type{};
    type.generic_mapping[0] = facts.generic_read;
    type.generic_mapping[1] = facts.generic_write;
    type.generic_mapping[2] = facts.generic_execute;
    type.generic_mapping[3] = facts.generic_all;
    type.valid_access_mask = facts.valid_access;
    type.security_required = TRUE;
    return write_with_string(answer, type, &TypeInformation::type_name, name);
}

}  // namespace

NTSTATUS query_object(HANDLE handle, ULONG information_class, void* buffer, ULONG length,
                      ULONG* return_length) {
    const auto wanted = static_cast<ObjectInformation>(information_class);
    if (wanted != ObjectInformation::basic && wanted != ObjectInformation::name &&
        wanted != ObjectInformation::type)
        return STATUS_INVALID_INFO_CLASS;
    wire::QueryObject::Request request;
    wire::QueryObject::Reply facts;
    wire::QueryObject::ReplyBlobs blobs;
    CallScope scope;
    NTSTATUS status = scope.connect(handle, &request.handle);
    if (status == STATUS_SUCCESS)
        status = scope.call<wire::QueryObject>(Blocking::no, request, {}, &facts, &blobs);
    if (status != STATUS_SUCCESS) return status;
    const Answer answer{buffer, length, return_length};
    switch (wanted) {
        case ObjectInformation::basic:
            return write_basic(answer, facts);
        case ObjectInformation::name:
            return write_with_string(answer, NameInformation{}, &NameInformation::name, blobs.path);
        case ObjectInformation::type:
            return write_type(answer, facts, blobs.type_name);
    }
    return STATUS_INVALID_INFO_CLASS;
}

}  // namespace ntalpc::core
