// SPDX-License-Identifier: LGPL-2.1-or-later
#include "relay/structures.h"

#include "core/attributes.h"
#include "ntalpc/access_names.h"
#include "relay/values.h"

namespace ntalpc::relay {

namespace {

template <class T>
std::uint64_t address_of(T* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

template <class T>
std::string number(std::uint64_t address) {
    T value;
    return read(address, &value) ? std::to_string(value) : kUnreadable;
}

std::string pointer(std::uint64_t address) {
    void* value;
    return read(address, &value) ? pointer_text(value) : kUnreadable;
}

std::string quality(const SECURITY_QUALITY_OF_SERVICE& qos) {
    return Fields()
        .add("Level", named_text(qos.ImpersonationLevel, NameSet::SECURITY_IMPERSONATION_LEVEL))
        .add("Tracking", qos.ContextTrackingMode ? "dynamic" : "static")
        .add("EffectiveOnly", qos.EffectiveOnly ? "TRUE" : "FALSE")
        .in_braces();
}

std::string quality_at(std::uint64_t address) {
    SECURITY_QUALITY_OF_SERVICE qos;
    if (address == 0) return "NULL";
    return read(address, &qos) ? quality(qos) : kUnreadable;
}

std::string object_attributes(std::uint64_t address) {
    OBJECT_ATTRIBUTES given;
    if (!read(address, &given)) return kUnreadable;
    Fields fields;
    fields.add("Name", string_text(address_of(given.ObjectName)));
    if (given.RootDirectory) fields.add("Root", pointer_text(given.RootDirectory));
    fields.add("Attributes", named_text(given.Attributes, NameSet::OBJ));
    if (given.SecurityDescriptor) fields.add("SecurityDescriptor", pointer_text(given.SecurityDescriptor));
    if (given.SecurityQualityOfService)
        fields.add("SecurityQos", quality_at(address_of(given.SecurityQualityOfService)));
    return fields.in_braces();
}

std::string port_attributes(std::uint64_t address) {
    ALPC_PORT_ATTRIBUTES given;
    if (!read(address, &given)) return kUnreadable;
    Fields fields;
    fields.add("Flags", named_text(given.Flags, NameSet::ALPC_PORFLG))
        .add("SecurityQos", quality(given.SecurityQos))
        .add("MaxMessageLength", std::to_string(given.MaxMessageLength));
    if (given.MaxPoolUsage) fields.add("MaxPoolUsage", std::to_string(given.MaxPoolUsage));
    if (given.MaxSectionSize) fields.add("MaxSectionSize", std::to_string(given.MaxSectionSize));
    if (given.MaxViewSize) fields.add("MaxViewSize", std::to_string(given.MaxViewSize));
    if (given.MaxTotalSectionSize)
        fields.add("MaxTotalSectionSize", std::to_string(given.MaxTotalSectionSize));
    if (given.DupObjectTypes)
        fields.add("DupObjectTypes", named_text(given.DupObjectTypes, NameSet::ALPC_PORFLG_OBJECT_TYPE));
    return fields.in_braces();
}

std::string message(std::uint64_t address) {
    PORT_MESSAGE header;
    if (!read(address, &header)) return kUnreadable;
    const auto length = static_cast<std::uint16_t>(header.u1.s1.DataLength);
    return Fields()
        .add("Type", message_type_text(static_cast<std::uint16_t>(header.u2.s2.Type)))
        .add("DataLength", std::to_string(length))
        .add("TotalLength", std::to_string(static_cast<std::uint16_t>(header.u1.s1.TotalLength)))
        .add("Client", hex_text(address_of(header.ClientId.UniqueProcess)) + ":" +
                           hex_text(address_of(header.ClientId.UniqueThread)))
        .add("MessageId", hex_text(header.MessageId))
        .add("CallbackId", hex_text(header.CallbackId))
        .add("Data", data_text(address + sizeof(header), length))
        .in_braces();
}

std::string security_attribute(std::uint64_t address) {
    ALPC_SECURITY_ATTR given;
    if (!read(address, &given)) return kUnreadable;
    return Fields()
        .add("Flags", named_text(given.Flags, NameSet::ALPC_SECFLG))
        .add("QoS", quality_at(address_of(given.QoS)))
        .add("ContextHandle", pointer_text(given.ContextHandle))
        .in_braces();
}

std::string view_attribute(std::uint64_t address) {
    ALPC_DATA_VIEW_ATTR given;
    if (!read(address, &given)) return kUnreadable;
    return Fields()
        .add("Flags", named_text(given.Flags, NameSet::ALPC_VIEWFLG))
        .add("SectionHandle", pointer_text(given.SectionHandle))
        .add("ViewBase", pointer_text(given.ViewBase))
        .add("ViewSize", std::to_string(given.ViewSize))
        .in_braces();
}

std::string context_attribute(std::uint64_t address) {
    ALPC_CONTEXT_ATTR given;
    if (!read(address, &given)) return kUnreadable;
    return Fields()
        .add("PortContext", pointer_text(given.PortContext))
        .add("MessageContext", pointer_text(given.MessageContext))
        .add("Sequence", std::to_string(given.Sequence))
        .add("MessageId", hex_text(given.MessageId))
        .add("CallbackId", hex_text(given.CallbackId))
        .in_braces();
}

std::string handle_attribute(std::uint64_t address) {
    ALPC_HANDLE_ATTR given;
    if (!read(address, &given)) return kUnreadable;
    const std::string flags = named_text(given.Flags, NameSet::ALPC_HANDLEFLG);
    Fields fields;
    fields.add("Flags", flags);
    if (given.Flags & ALPC_HANDLEFLG_INDIRECT) {
        fields.add("HandleAttrArray", pointer_text(given.HandleAttrArray))
            .add("HandleCount", std::to_string(given.HandleCount));
    } else {
        fields.add("Handle", pointer_text(given.Handle))
            .add("ObjectType", named_text(given.ObjectType, NameSet::ALPC_PORFLG_OBJECT_TYPE))
            .add("Access", access_text(given.DesiredAccess));
    }
    return fields.in_braces();
}

std::string luid(const LUID& given) {
    return hex_text(std::uint64_t{static_cast<std::uint32_t>(given.HighPart)} << 32 | given.LowPart);
}

std::string token_attribute(std::uint64_t address) {
    ALPC_TOKEN_ATTR given;
    if (!read(address, &given)) return kUnreadable;
    return Fields()
        .add("TokenId", luid(given.TokenId))
        .add("AuthenticationId", luid(given.AuthenticationId))
        .add("ModifiedId", luid(given.ModifiedId))
        .in_braces();
}

std::string direct_attribute(std::uint64_t address) {
    return Fields().add("EventHandle", pointer(address)).in_braces();
}

std::string work_attribute(std::uint64_t address) {
    ALPC_WORK_ON_BEHALF_ATTR given;
    if (!read(address, &given)) return kUnreadable;
    return Fields()
        .add("ThreadId", hex_text(given.Ticket.ThreadId))
        .add("ThreadCreationTimeLow", hex_text(given.Ticket.ThreadCreationTimeLow))
        .in_braces();
}

struct AttributeDecoder {
    std::uint32_t flag;
    const char* name;
    Decoder decode;
};
constexpr AttributeDecoder kAttributes[] = {
    {ALPC_MESSAGE_SECURITY_ATTRIBUTE, "Security", security_attribute},
    {ALPC_MESSAGE_VIEW_ATTRIBUTE, "View", view_attribute},
    {ALPC_MESSAGE_CONTEXT_ATTRIBUTE, "Context", context_attribute},
    {ALPC_MESSAGE_HANDLE_ATTRIBUTE, "Handle", handle_attribute},
    {ALPC_MESSAGE_TOKEN_ATTRIBUTE, "Token", token_attribute},
    {ALPC_MESSAGE_DIRECT_ATTRIBUTE, "Direct", direct_attribute},
    {ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE, "WorkOnBehalf", work_attribute},
};

std::string message_attributes(std::uint64_t address) {
    ALPC_MESSAGE_ATTRIBUTES header;
    if (!read(address, &header)) return kUnreadable;
    Fields fields;
    fields.add("Allocated", named_text(header.AllocatedAttributes, NameSet::ALPC_MESSAGE))
        .add("Valid", named_text(header.ValidAttributes, NameSet::ALPC_MESSAGE));
    for (const AttributeDecoder& attribute : kAttributes) {
        const std::uint32_t offset = attributes::offset_of(header.AllocatedAttributes, attribute.flag);
        if (offset != 0 && (header.ValidAttributes & attribute.flag))
            fields.add(attribute.name, attribute.decode(address + offset));
    }
    return fields.in_braces();
}

std::string port_view(std::uint64_t address) {
    PORT_VIEW given;
    if (!read(address, &given)) return kUnreadable;
    return Fields()
        .add("Length", std::to_string(given.Length))
        .add("SectionHandle", pointer_text(given.SectionHandle))
        .add("SectionOffset", hex_text(given.SectionOffset))
        .add("ViewSize", std::to_string(given.ViewSize))
        .add("ViewBase", pointer_text(given.ViewBase))
        .add("ViewRemoteBase", pointer_text(given.ViewRemoteBase))
        .in_braces();
}

std::string remote_port_view(std::uint64_t address) {
    REMOTE_PORT_VIEW given;
    if (!read(address, &given)) return kUnreadable;
    return Fields()
        .add("Length", std::to_string(given.Length))
        .add("ViewSize", std::to_string(given.ViewSize))
        .add("ViewBase", pointer_text(given.ViewBase))
        .in_braces();
}

struct TypeDecoder {
    std::string_view type;
    Decoder decode;
};
constexpr TypeDecoder kTypes[] = {
    {"PHANDLE", pointer},
    {"PALPC_HANDLE", pointer},
    {"PVOID*", pointer},
    {"PTP_ALPC*", pointer},
    {"PALPC_MESSAGE_ATTRIBUTES*", pointer},
    {"PULONG", number<std::uint32_t>},
    {"PSIZE_T", number<std::uint64_t>},
    {"PUNICODE_STRING", string_text},
    {"POBJECT_ATTRIBUTES", object_attributes},
    {"PALPC_PORT_ATTRIBUTES", port_attributes},
    {"PPORT_MESSAGE", message},
    {"PALPC_MESSAGE_ATTRIBUTES", message_attributes},
    {"PALPC_DATA_VIEW_ATTR", view_attribute},
    {"PALPC_SECURITY_ATTR", security_attribute},
    {"PALPC_CONTEXT_ATTR", context_attribute},
    {"PSECURITY_QUALITY_OF_SERVICE", quality_at},
    {"PPORT_VIEW", port_view},
    {"PREMOTE_PORT_VIEW", remote_port_view},
    {"PSID", sid_text},
    {"PLARGE_INTEGER", timeout_text},
};

}  // namespace

Decoder find_decoder(std::string_view pointer_type) {
    for (const TypeDecoder& known : kTypes) {
        if (known.type == pointer_type) return known.decode;
    }
    return nullptr;
}

}  // namespace ntalpc::relay
