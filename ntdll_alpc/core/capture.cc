// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/capture.h"

#include <algorithm>
#include <ctime>
#include <limits>

#include "core/attributes.h"
#include "core/handle_attribute.h"
#include "core/object_security.h"
#include "core/security_attribute.h"
#include "core/view_attribute.h"

namespace ntalpc::core {

namespace {

constexpr std::uint8_t kMaxSubAuthorities = 15;

// 100 ns units since 1601.
std::int64_t nt_time_now() {
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    constexpr std::int64_t seconds_1601_to_1970 = 11644473600;
    return (now.tv_sec + seconds_1601_to_1970) * 10'000'000 + now.tv_nsec / 100;
}

// The address of an attribute in program memory, without touching it. nullptr when it is not allocated.
template <class Attribute>
Attribute* locate(ALPC_MESSAGE_ATTRIBUTES* buffer, std::uint32_t allocated, std::uint32_t flag) {
    const std::uint32_t offset = attributes::offset_of(allocated, flag);
    return offset == 0 ? nullptr : reinterpret_cast<Attribute*>(reinterpret_cast<char*>(buffer) + offset);
}

LUID luid_of(std::uint64_t number) {
    LUID luid;
    luid.LowPart = static_cast<ULONG>(number);
    luid.HighPart = static_cast<LONG>(number >> 32);
    return luid;
}

template <class T>
T* pointer_of(std::uint64_t number) {
    return reinterpret_cast<T*>(static_cast<std::uintptr_t>(number));
}

// The name may stand in a directory that only the program's own world has.
void find_root(ObjectName* name) {
    const std::size_t separator = name->path.rfind(u'\\');
    // What every server has needs no looking up, and these are where nearly all ports are.
    constexpr std::u16string_view common[] = {u"", u"\\RPC Control", u"\\BaseNamedObjects", u"\\Windows"};
    const auto parent = name->path.substr(0, std::min(separator, name->path.size()));
    if (std::ranges::find(common, parent) != std::end(common)) return;
    std::u16string real;
    if (separator == name->path.npos || !host::find_directory(parent, name->attributes, &real)) return;
    name->path.replace(0, separator, real);
    name->root.known = static_cast<std::uint32_t>(real.size());
}

NTSTATUS enter_directory(HANDLE handle, ObjectName* name) {
    if (name->path.front() == u'\\') return STATUS_OBJECT_PATH_SYNTAX_BAD;
    host::DirectoryFacts directory;
    const NTSTATUS status = host::find_directory(handle, &directory);
    if (status != STATUS_SUCCESS) return status;
    name->root.id_low = directory.id_low;
    name->root.id_high = directory.id_high;
    if (directory.path.empty()) return STATUS_SUCCESS;
    if (directory.path == u"\\") directory.path.clear();
    name->root.known = static_cast<std::uint32_t>(directory.path.size());
    name->path = directory.path + u'\\' + name->path;
    return STATUS_SUCCESS;
}

}  // namespace

NTSTATUS probe_for_write(void* memory, std::size_t size) {
    if (size == 0) return STATUS_SUCCESS;
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    if (address > std::numeric_limits<std::uintptr_t>::max() - (size - 1)) return STATUS_ACCESS_VIOLATION;
    return host::probe_program(memory, size) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

NTSTATUS capture_string(const UNICODE_STRING* string, std::u16string* text) {
    UNICODE_STRING header;
    if (const NTSTATUS status = read(string, &header); status != STATUS_SUCCESS) return status;
    if (header.Length % sizeof(char16_t) != 0) return STATUS_OBJECT_NAME_INVALID;
    text->resize(header.Length / sizeof(char16_t));
    if (!host::copy_from_program(text->data(), header.Buffer, header.Length)) return STATUS_ACCESS_VIOLATION;
    return STATUS_SUCCESS;
}

NTSTATUS capture_name(const UNICODE_STRING* string, ObjectName* name) {
    const NTSTATUS status = capture_string(string, &name->path);
    if (status == STATUS_SUCCESS) find_root(name);
    return status;
}

NTSTATUS capture_object_attributes(const OBJECT_ATTRIBUTES* attributes, ObjectName* name) {
    if (!attributes) return STATUS_SUCCESS;
    OBJECT_ATTRIBUTES header;
    if (const NTSTATUS status = read(attributes, &header); status != STATUS_SUCCESS) return status;
    if (header.Length != sizeof(header) || (header.Attributes & ~OBJ_VALID_ATTRIBUTES) != 0)
        return STATUS_INVALID_PARAMETER;
    name->attributes = header.Attributes;
    if (header.ObjectName) {
        if (const NTSTATUS status = capture_string(header.ObjectName, &name->path); status != STATUS_SUCCESS)
            return status;
    }
    if (header.SecurityDescriptor) {
        const NTSTATUS status =
            capture_security_descriptor(header.SecurityDescriptor, &name->security_descriptor);
        if (status != STATUS_SUCCESS) return status;
    }
    if (name->path.empty()) return STATUS_SUCCESS;
    if (header.RootDirectory) return enter_directory(header.RootDirectory, name);
    find_root(name);
    return STATUS_SUCCESS;
}

NTSTATUS capture_port_attributes(const ALPC_PORT_ATTRIBUTES* attributes, wire::PortAttributes* captured) {
    if (!attributes) return STATUS_SUCCESS;
    ALPC_PORT_ATTRIBUTES given;
    if (const NTSTATUS status = read(attributes, &given); status != STATUS_SUCCESS) return status;
    captured->given = 1;
    // Legacy mode is not for users to ask for: it comes from how a port was made.
    captured->flags = given.Flags & ~ULONG{ALPC_PORFLG_LPC_MODE};
    captured->qos_level = level_of(given.SecurityQos);
    captured->qos_dynamic = given.SecurityQos.ContextTrackingMode;
    captured->qos_effective_only = given.SecurityQos.EffectiveOnly;
    captured->max_message_length = given.MaxMessageLength;
    captured->memory_bandwidth = given.MemoryBandwidth;
    captured->max_pool_usage = given.MaxPoolUsage;
    captured->max_section_size = given.MaxSectionSize;
    captured->max_view_size = given.MaxViewSize;
    captured->max_total_section_size = given.MaxTotalSectionSize;
    captured->dup_object_types = given.DupObjectTypes;
    return STATUS_SUCCESS;
}

// A SID: revision 1, a count of sub-authorities, six bytes of authority, the sub-authorities.
NTSTATUS capture_sid(PSID sid, std::vector<std::byte>* captured) {
    captured->clear();
    if (!sid) return STATUS_SUCCESS;
    std::uint8_t head[2];
    if (!host::copy_from_program(head, sid, sizeof(head))) return STATUS_ACCESS_VIOLATION;
    if (head[0] != 1 || head[1] > kMaxSubAuthorities) return STATUS_INVALID_SID;
    captured->resize(8 + std::size_t{4} * head[1]);
    return host::copy_from_program(captured->data(), sid, captured->size()) ? STATUS_SUCCESS
                                                                            : STATUS_ACCESS_VIOLATION;
}

NTSTATUS capture_timeout(const LARGE_INTEGER* timeout, std::int64_t* nanoseconds) {
    *nanoseconds = -1;
    if (!timeout) return STATUS_SUCCESS;
    LARGE_INTEGER given;
    if (const NTSTATUS status = read(timeout, &given); status != STATUS_SUCCESS) return status;
    constexpr std::int64_t longest = std::numeric_limits<std::int64_t>::max();
    // Negative is relative; the most negative values mean for ever as well.
    std::int64_t units = given.QuadPart <= 0 ? (given.QuadPart == -longest - 1 ? longest : -given.QuadPart)
                                             : std::max<std::int64_t>(given.QuadPart - nt_time_now(), 0);
    *nanoseconds = units > longest / 100 ? -1 : units * 100;
    return STATUS_SUCCESS;
}

NTSTATUS capture_message(const PORT_MESSAGE* message, CapturedMessage* captured) {
    PORT_MESSAGE given;
    if (const NTSTATUS status = read(message, &given); status != STATUS_SUCCESS) return status;
    wire::PortMessage& header = captured->header;
    header.data_length = static_cast<std::uint16_t>(given.u1.s1.DataLength);
    header.total_length = static_cast<std::uint16_t>(given.u1.s1.TotalLength);
    header.type = static_cast<std::uint16_t>(given.u2.s2.Type);
    header.data_info_offset = static_cast<std::uint16_t>(given.u2.s2.DataInfoOffset);
    header.message_id = given.MessageId;
    header.callback_id = given.CallbackId;
    header.process_id = reinterpret_cast<std::uintptr_t>(given.ClientId.UniqueProcess);
    header.thread_id = reinterpret_cast<std::uintptr_t>(given.ClientId.UniqueThread);
    captured->data = {reinterpret_cast<const std::byte*>(message + 1), header.data_length};
    return STATUS_SUCCESS;
}

NTSTATUS capture_receive_attributes(ALPC_MESSAGE_ATTRIBUTES* buffer, wire::MessageAttributes* captured) {
    if (!buffer) return STATUS_SUCCESS;
    ALPC_MESSAGE_ATTRIBUTES header;
    if (const NTSTATUS status = read(buffer, &header); status != STATUS_SUCCESS) return status;
    captured->allocated = header.AllocatedAttributes & ALPC_MESSAGE_ATTRIBUTE_ALL;
    return probe_for_write(buffer, attributes::header_size(captured->allocated));
}

NTSTATUS capture_send_attributes(ALPC_MESSAGE_ATTRIBUTES* buffer, wire::MessageAttributes* captured) {
    if (!buffer) return STATUS_SUCCESS;
    ALPC_MESSAGE_ATTRIBUTES header;
    if (const NTSTATUS status = read(buffer, &header); status != STATUS_SUCCESS) return status;
    captured->allocated = header.AllocatedAttributes & ALPC_MESSAGE_ATTRIBUTE_ALL;
    captured->valid = header.ValidAttributes & captured->allocated;
    NTSTATUS status = STATUS_SUCCESS;
    if (captured->valid & ALPC_MESSAGE_SECURITY_ATTRIBUTE) {
        status = capture_security_attribute(
            locate<ALPC_SECURITY_ATTR>(buffer, captured->allocated, ALPC_MESSAGE_SECURITY_ATTRIBUTE),
            captured);
    }
    if (status == STATUS_SUCCESS && (captured->valid & ALPC_MESSAGE_VIEW_ATTRIBUTE)) {
        status = capture_view(
            locate<ALPC_DATA_VIEW_ATTR>(buffer, captured->allocated, ALPC_MESSAGE_VIEW_ATTRIBUTE), captured);
    }
    if (status == STATUS_SUCCESS && (captured->valid & ALPC_MESSAGE_CONTEXT_ATTRIBUTE)) {
        ALPC_CONTEXT_ATTR context{};
        status = read(locate<ALPC_CONTEXT_ATTR>(buffer, captured->allocated, ALPC_MESSAGE_CONTEXT_ATTRIBUTE),
                      &context);
        captured->message_context = reinterpret_cast<std::uintptr_t>(context.MessageContext);
    }
    if (status == STATUS_SUCCESS && (captured->valid & ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE)) {
        status =
            read(locate<std::uint64_t>(buffer, captured->allocated, ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE),
                 &captured->work_ticket);
    }
    return status;
}

NTSTATUS write_message(PORT_MESSAGE* buffer, const wire::PortMessage& header, wire::Bytes data) {
    PORT_MESSAGE out{};
    out.u1.s1.DataLength = static_cast<SHORT>(header.data_length);
    out.u1.s1.TotalLength = static_cast<SHORT>(header.total_length);
    out.u2.s2.Type = static_cast<SHORT>(header.type);
    out.u2.s2.DataInfoOffset = static_cast<SHORT>(header.data_info_offset);
    out.ClientId.UniqueProcess = pointer_of<void>(header.process_id);
    out.ClientId.UniqueThread = pointer_of<void>(header.thread_id);
    out.MessageId = header.message_id;
    // One field: connection requests of the legacy calls carry a size in it, everything else an id.
    if (header.client_view_size != 0) {
        out.ClientViewSize = header.client_view_size;
    } else {
        out.CallbackId = header.callback_id;
    }
    if (const NTSTATUS status = write(buffer, out); status != STATUS_SUCCESS) return status;
    return host::copy_to_program(buffer + 1, data.data(), data.size()) ? STATUS_SUCCESS
                                                                       : STATUS_ACCESS_VIOLATION;
}

NTSTATUS write_received_attributes(ALPC_MESSAGE_ATTRIBUTES* buffer, const wire::MessageAttributes& attributes,
                                   const ReceivedMessage& message) {
    if (!buffer) return STATUS_SUCCESS;
    ALPC_HANDLE_ATTR handles;
    std::uint32_t valid = attributes.valid;
    if (!receive_handles(message, attributes, &handles)) valid &= ~ALPC_MESSAGE_HANDLE_ATTRIBUTE;
    NTSTATUS status = write(buffer, {attributes.allocated, valid});
    if (status == STATUS_SUCCESS && (valid & ALPC_MESSAGE_SECURITY_ATTRIBUTE)) {
        status = write_security_attribute(
            locate<ALPC_SECURITY_ATTR>(buffer, attributes.allocated, ALPC_MESSAGE_SECURITY_ATTRIBUTE),
            attributes);
    }
    if (status == STATUS_SUCCESS && (valid & ALPC_MESSAGE_VIEW_ATTRIBUTE)) {
        status =
            write_view(locate<ALPC_DATA_VIEW_ATTR>(buffer, attributes.allocated, ALPC_MESSAGE_VIEW_ATTRIBUTE),
                       attributes);
    }
    if (status == STATUS_SUCCESS && (valid & ALPC_MESSAGE_CONTEXT_ATTRIBUTE)) {
        ALPC_CONTEXT_ATTR context{};
        context.PortContext = pointer_of<void>(attributes.port_context);
        context.MessageContext = pointer_of<void>(attributes.message_context);
        context.Sequence = attributes.sequence;
        context.MessageId = attributes.message_id;
        context.CallbackId = attributes.callback_id;
        status = write(
            locate<ALPC_CONTEXT_ATTR>(buffer, attributes.allocated, ALPC_MESSAGE_CONTEXT_ATTRIBUTE), context);
    }
    if (status == STATUS_SUCCESS && (valid & ALPC_MESSAGE_TOKEN_ATTRIBUTE)) {
        ALPC_TOKEN_ATTR token{};
        token.TokenId = luid_of(attributes.token_id);
        token.AuthenticationId = luid_of(attributes.authentication_id);
        token.ModifiedId = luid_of(attributes.modified_id);
        status =
            write(locate<ALPC_TOKEN_ATTR>(buffer, attributes.allocated, ALPC_MESSAGE_TOKEN_ATTRIBUTE), token);
    }
    if (status == STATUS_SUCCESS && (valid & ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE)) {
        status =
            write(locate<std::uint64_t>(buffer, attributes.allocated, ALPC_MESSAGE_WORK_ON_BEHALF_ATTRIBUTE),
                  attributes.work_ticket);
    }
    if (!(valid & ALPC_MESSAGE_HANDLE_ATTRIBUTE)) return status;
    if (status == STATUS_SUCCESS) {
        status = write(locate<ALPC_HANDLE_ATTR>(buffer, attributes.allocated, ALPC_MESSAGE_HANDLE_ATTRIBUTE),
                       handles);
    }
    // The program would never learn of it.
    if (status != STATUS_SUCCESS && handles.Handle) host::close_handle(handles.Handle);
    return status;
}

NTSTATUS write_sent_context(ALPC_MESSAGE_ATTRIBUTES* buffer, const wire::MessageAttributes& sent) {
    ALPC_MESSAGE_ATTRIBUTES header;
    if (const NTSTATUS status = read(buffer, &header); status != STATUS_SUCCESS) return status;
    auto* const place =
        locate<ALPC_CONTEXT_ATTR>(buffer, header.AllocatedAttributes, ALPC_MESSAGE_CONTEXT_ATTRIBUTE);
    if (!place) return STATUS_SUCCESS;
    ALPC_CONTEXT_ATTR context;
    if (const NTSTATUS status = read(place, &context); status != STATUS_SUCCESS) return status;
    context.Sequence = sent.sequence;
    context.MessageId = sent.message_id;
    context.CallbackId = sent.callback_id;
    return write(place, context);
}

}  // namespace ntalpc::core
