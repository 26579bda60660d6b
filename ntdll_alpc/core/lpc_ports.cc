// SPDX-License-Identifier: LGPL-2.1-or-later
// The legacy calls that make ports and connections. From Vista on they are a layer on ALPC, and so they are
// here.
#include <algorithm>
#include <array>

#include "core/call_scope.h"
#include "core/capture.h"
#include "core/create_port.h"
#include "core/host_sections.h"
#include "core/port_views.h"
#include "core/security_attribute.h"
#include "generated/core_calls.h"

namespace ntalpc::core {

namespace {

// The system's limit on connection information, which longer ones are silently clamped to (lpc-semantics 2.5,
// as NT 5 has it on 64 bits). The receiver names no buffer size, so a generous limit would be a dangerous
// one.
constexpr ULONG kMaxConnectionInformation = 520;
constexpr ULONG kMaxMessageLength = 0xFFFF;

using wire::bytes_of;

// Legacy ports accept no object attributes but case insensitivity (lpc-semantics 3.1).
NTSTATUS capture_new_name(POBJECT_ATTRIBUTES attributes, ObjectName* name) {
    const NTSTATUS status = capture_object_attributes(attributes, name);
    if (status != STATUS_SUCCESS) return status;
    return name->attributes & ~OBJ_CASE_INSENSITIVE ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

NTSTATUS create_lpc_port(PHANDLE port_handle, POBJECT_ATTRIBUTES object_attributes,
                         ULONG max_connection_information, ULONG max_message_length, std::uint32_t flags) {
    ObjectName name;
    NTSTATUS status = probe_for_write(port_handle);
    if (status == STATUS_SUCCESS) status = capture_new_name(object_attributes, &name);
    if (status != STATUS_SUCCESS) return status;
    if (max_connection_information > kMaxMessageLength) return STATUS_INVALID_PARAMETER_3;
    if (max_message_length > kMaxMessageLength) return STATUS_INVALID_PARAMETER_4;
    wire::CreatePort::Request request;
    request.port.given = 1;
    request.port.flags = ALPC_PORFLG_LPC_MODE | ALPC_PORFLG_ALLOW_LPC_REQUESTS | flags;
    request.port.max_message_length = max_message_length;
    return create_port(request, name, port_handle);
}

// A PORT_VIEW on its way through a connect or an accept.
struct OwnView {
    PPORT_VIEW where = nullptr;
    PORT_VIEW view{};
    void* base = nullptr;
    std::uint64_t size = 0;
    UniqueFd section;

    bool offered() const { return where != nullptr; }
};

// A mapping that is undone unless the call succeeds.
class MappingGuard {
  public:
    void watch(void* base, std::uint64_t size) {
        base_ = base;
        size_ = size;
    }
    // The mapping now belongs to the port.
    void keep(HANDLE port) {
        if (base_) remember_view(port, base_, size_);
        base_ = nullptr;
    }
    MappingGuard() = default;
    MappingGuard(const MappingGuard&) = delete;
    MappingGuard& operator=(const MappingGuard&) = delete;
    ~MappingGuard() {
        if (base_) host::unmap_section(base_, size_);
    }

  private:
    void* base_ = nullptr;
    std::uint64_t size_ = 0;
};

NTSTATUS capture_own_view(PPORT_VIEW view, OwnView* own) {
    if (!view) return STATUS_SUCCESS;
    NTSTATUS status = read(view, &own->view);
    if (status == STATUS_SUCCESS) status = probe_for_write(view);
    if (status != STATUS_SUCCESS) return status;
    own->where = view;
    return own->view.Length == sizeof(PORT_VIEW) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

NTSTATUS capture_remote_view(PREMOTE_PORT_VIEW view) {
    if (!view) return STATUS_SUCCESS;
    REMOTE_PORT_VIEW given;
    NTSTATUS status = read(view, &given);
    if (status == STATUS_SUCCESS) status = probe_for_write(view);
    if (status != STATUS_SUCCESS) return status;
    return given.Length == sizeof(REMOTE_PORT_VIEW) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

NTSTATUS map_own_view(OwnView* own, MappingGuard* mapping) {
    if (!own->offered()) return STATUS_SUCCESS;
    own->size = own->view.ViewSize;
    NTSTATUS status =
        host::map_own_section(own->view.SectionHandle, own->view.SectionOffset, &own->size, &own->base);
    if (status != STATUS_SUCCESS) return status;
    mapping->watch(own->base, own->size);
    return host::section_descriptor(own->view.SectionHandle, &own->section);
}

NTSTATUS write_own_view(const OwnView& own, std::uint64_t remote_base) {
    if (!own.offered()) return STATUS_SUCCESS;
    PORT_VIEW view = own.view;
    view.ViewSize = own.size;
    view.ViewBase = own.base;
    view.ViewRemoteBase = reinterpret_cast<PVOID>(static_cast<std::uintptr_t>(remote_base));
    return write(own.where, view);
}

// "No section offered: ViewBase NULL and ViewSize 0" (lpc-semantics 4.4). Length stays.
NTSTATUS write_remote_view(PREMOTE_PORT_VIEW where, void* base, std::uint64_t size) {
    if (!where) return STATUS_SUCCESS;
    REMOTE_PORT_VIEW view{};
    view.Length = sizeof(view);
    view.ViewSize = size;
    view.ViewBase = base;
    return write(where, view);
}

struct ConnectArguments {
    PHANDLE port_handle;
    PPORT_VIEW client_view;
    PREMOTE_PORT_VIEW server_view;
    PULONG max_message_length;
    PVOID information;
    PULONG information_length;
};

// What a connect reads from the program, in the order of lpc-semantics 4.1.
struct CapturedConnect {
    wire::LpcConnectPort::Request request;
    ObjectName name;
    std::vector<std::byte> sid;
    std::vector<std::byte> information;
    OwnView view;
};

NTSTATUS capture_information(const ConnectArguments& arguments, std::vector<std::byte>* information) {
    if (!arguments.information_length) return STATUS_SUCCESS;
    ULONG length;
    NTSTATUS status = read(arguments.information_length, &length);
    if (status == STATUS_SUCCESS) status = probe_for_write(arguments.information_length);
    if (status != STATUS_SUCCESS || !arguments.information) return status;
    information->resize(std::min(length, kMaxConnectionInformation));
    if (!host::copy_from_program(information->data(), arguments.information, information->size())) {
        return STATUS_ACCESS_VIOLATION;
    }
    return probe_for_write(arguments.information, information->size());
}

NTSTATUS capture_connect(const ConnectArguments& arguments, PUNICODE_STRING name,
                         PSECURITY_QUALITY_OF_SERVICE quality, PSID sid, CapturedConnect* captured) {
    SECURITY_QUALITY_OF_SERVICE qos;
    NTSTATUS status = probe_for_write(arguments.port_handle);
    if (status == STATUS_SUCCESS) status = read(quality, &qos);
    if (status == STATUS_SUCCESS) status = capture_own_view(arguments.client_view, &captured->view);
    if (status == STATUS_SUCCESS) status = capture_remote_view(arguments.server_view);
    if (status == STATUS_SUCCESS && arguments.max_message_length) {
        status = probe_for_write(arguments.max_message_length);
    }
    if (status == STATUS_SUCCESS) status = capture_information(arguments, &captured->information);
    if (status == STATUS_SUCCESS) status = capture_sid(sid, &captured->sid);
    if (status == STATUS_SUCCESS) status = capture_name(name, &captured->name);
    if (status != STATUS_SUCCESS) return status;
    captured->request.root = captured->name.root;
    captured->request.qos_level = level_of(qos);
    captured->request.qos_dynamic = qos.ContextTrackingMode;
    captured->request.qos_effective_only = qos.EffectiveOnly;
    return STATUS_SUCCESS;
}

// The server's information is written with a refusal too; a longer one than the client asked for is cut.
NTSTATUS write_information(const ConnectArguments& arguments, wire::Bytes information, std::size_t room) {
    if (!arguments.information || !arguments.information_length) return STATUS_SUCCESS;
    const std::size_t length = std::min(information.size(), room);
    if (!host::copy_to_program(arguments.information, information.data(), length))
        return STATUS_ACCESS_VIOLATION;
    return write(arguments.information_length, static_cast<ULONG>(length));
}

// Maps the section that the server offers and tells it where.
NTSTATUS take_server_view(CallScope& scope, const wire::LpcConnectPort::Reply& reply, UniqueFd section,
                          PREMOTE_PORT_VIEW where, MappingGuard* mapping) {
    if (!section) return write_remote_view(where, nullptr, 0);
    void* base = nullptr;
    std::uint64_t size = reply.server_view_size;
    NTSTATUS status = host::map_foreign_section(std::move(section), reply.server_view_offset, &size, &base);
    if (status == STATUS_SUCCESS) mapping->watch(base, size);
    wire::LpcViewMapped::Request request;
    wire::LpcViewMapped::Reply done;
    wire::LpcViewMapped::ReplyBlobs blobs;
    request.handle = reply.handle;
    request.base = reinterpret_cast<std::uintptr_t>(base);
    const NTSTATUS told = scope.call<wire::LpcViewMapped>(Blocking::no, request, {}, &done, &blobs);
    if (status == STATUS_SUCCESS) status = told;
    return status == STATUS_SUCCESS ? write_remote_view(where, base, size) : status;
}

NTSTATUS connect(const ConnectArguments& arguments, CapturedConnect& captured) {
    MappingGuard own_mapping, server_mapping;
    CallScope scope;
    NTSTATUS status = scope.connect_to_living_server();
    const bool takes_token = !captured.request.qos_dynamic && captured.request.qos_level != SecurityAnonymous;
    if (status == STATUS_SUCCESS && takes_token) status = scope.keep_token();
    if (status == STATUS_SUCCESS) status = map_own_view(&captured.view, &own_mapping);
    if (status != STATUS_SUCCESS) return status;
    wire::LpcConnectPort::Request& request = captured.request;
    request.has_view = captured.view.offered();
    request.view_size = captured.view.size;
    request.view_offset = captured.view.view.SectionOffset;
    request.view_base = reinterpret_cast<std::uintptr_t>(captured.view.base);
    wire::LpcConnectPort::Reply reply;
    wire::LpcConnectPort::ReplyBlobs blobs;
    std::array<UniqueFd, 2> descriptors;
    status = scope.call<wire::LpcConnectPort>(Blocking::yes, request,
                                              {.name = bytes_of(captured.name.path),
                                               .information = captured.information,
                                               .required_sid = captured.sid},
                                              &reply, &blobs, descriptors, captured.view.section.get());
    if (status == STATUS_SUCCESS || status == STATUS_PORT_CONNECTION_REFUSED) {
        const NTSTATUS written = write_information(arguments, blobs.information, captured.information.size());
        if (written != STATUS_SUCCESS) return written;
    }
    if (status != STATUS_SUCCESS) return status;
    // From here on a failure closes the port by dropping its descriptor.
    status =
        take_server_view(scope, reply, std::move(descriptors[1]), arguments.server_view, &server_mapping);
    if (status == STATUS_SUCCESS) status = write_own_view(captured.view, reply.view_remote_base);
    if (status == STATUS_SUCCESS && arguments.max_message_length) {
        status = write(arguments.max_message_length, ULONG{reply.max_message_length});
    }
    HANDLE port = nullptr;
    if (status == STATUS_SUCCESS) {
        status = scope.give_handle(std::move(descriptors[0]), reply.handle, reply.access, 0,
                                   arguments.port_handle, &port);
    }
    if (status != STATUS_SUCCESS) return status;
    own_mapping.keep(port);
    server_mapping.keep(port);
    return STATUS_SUCCESS;
}

}  // namespace

NTSTATUS NtCreatePort(PHANDLE PortHandle, POBJECT_ATTRIBUTES ObjectAttributes, ULONG MaxConnectionInfoLength,
                      ULONG MaxMessageLength, ULONG) {
    return create_lpc_port(PortHandle, ObjectAttributes, MaxConnectionInfoLength, MaxMessageLength, 0);
}

NTSTATUS NtCreateWaitablePort(PHANDLE PortHandle, POBJECT_ATTRIBUTES ObjectAttributes,
                              ULONG MaxConnectionInfoLength, ULONG MaxMessageLength, ULONG) {
    return create_lpc_port(PortHandle, ObjectAttributes, MaxConnectionInfoLength, MaxMessageLength,
                           ALPC_PORFLG_WAITABLE_PORT);
}

NTSTATUS NtSecureConnectPort(PHANDLE PortHandle, PUNICODE_STRING PortName,
                             PSECURITY_QUALITY_OF_SERVICE SecurityQos, PPORT_VIEW ClientView,
                             PSID RequiredServerSid, PREMOTE_PORT_VIEW ServerView, PULONG MaxMessageLength,
                             PVOID ConnectionInformation, PULONG ConnectionInformationLength) {
    const ConnectArguments arguments{PortHandle,
                                     ClientView,
                                     ServerView,
                                     MaxMessageLength,
                                     ConnectionInformation,
                                     ConnectionInformationLength};
    CapturedConnect captured;
    const NTSTATUS status = capture_connect(arguments, PortName, SecurityQos, RequiredServerSid, &captured);
    return status == STATUS_SUCCESS ? connect(arguments, captured) : status;
}

NTSTATUS NtConnectPort(PHANDLE PortHandle, PUNICODE_STRING PortName, PSECURITY_QUALITY_OF_SERVICE SecurityQos,
                       PPORT_VIEW ClientView, PREMOTE_PORT_VIEW ServerView, PULONG MaxMessageLength,
                       PVOID ConnectionInformation, PULONG ConnectionInformationLength) {
    return core::NtSecureConnectPort(PortHandle, PortName, SecurityQos, ClientView, nullptr, ServerView,
                                     MaxMessageLength, ConnectionInformation, ConnectionInformationLength);
}

namespace {

// Second half of an accept: maps what the client offered, then lets the client go on.
NTSTATUS finish_accept(CallScope& scope, HANDLE port, PVOID context,
                       const wire::LpcAcceptPort::Reply& accepted, UniqueFd client_section, OwnView& own,
                       PREMOTE_PORT_VIEW client_view) {
    MappingGuard own_mapping, client_mapping;
    void* client_base = nullptr;
    std::uint64_t client_size = client_section ? accepted.view_size : 0;
    NTSTATUS status = STATUS_SUCCESS;
    if (client_section) {
        status = host::map_foreign_section(std::move(client_section), accepted.view_offset, &client_size,
                                           &client_base);
        if (status == STATUS_SUCCESS) client_mapping.watch(client_base, client_size);
    }
    if (status == STATUS_SUCCESS) status = map_own_view(&own, &own_mapping);
    if (status != STATUS_SUCCESS) return status;
    wire::LpcFinishAccept::Request request;
    wire::LpcFinishAccept::Reply reply;
    wire::LpcFinishAccept::ReplyBlobs blobs;
    request.handle = accepted.handle;
    // A server that gives no context finds its handle there (lpc-semantics 6.3).
    request.port_context = reinterpret_cast<std::uintptr_t>(context ? context : port);
    request.client_view_base = reinterpret_cast<std::uintptr_t>(client_base);
    request.view_size = own.size;
    request.view_offset = own.view.SectionOffset;
    request.view_base = reinterpret_cast<std::uintptr_t>(own.base);
    status =
        scope.call<wire::LpcFinishAccept>(Blocking::yes, request, {}, &reply, &blobs, {}, own.section.get());
    if (status == STATUS_SUCCESS) status = write_own_view(own, reply.view_remote_base);
    if (status == STATUS_SUCCESS) status = write_remote_view(client_view, client_base, client_size);
    if (status != STATUS_SUCCESS) return status;
    own_mapping.keep(port);
    client_mapping.keep(port);
    return STATUS_SUCCESS;
}

}  // namespace

NTSTATUS NtAcceptConnectPort(PHANDLE PortHandle, PVOID PortContext, PPORT_MESSAGE ConnectionRequest,
                             BOOLEAN AcceptConnection, PPORT_VIEW ServerView, PREMOTE_PORT_VIEW ClientView) {
    CapturedMessage message;
    OwnView own;
    NTSTATUS status = AcceptConnection ? probe_for_write(PortHandle) : STATUS_SUCCESS;
    if (status == STATUS_SUCCESS) status = capture_message(ConnectionRequest, &message);
    if (status == STATUS_SUCCESS) status = capture_own_view(ServerView, &own);
    if (status == STATUS_SUCCESS) status = capture_remote_view(ClientView);
    if (status != STATUS_SUCCESS) return status;
    wire::LpcAcceptPort::Request request;
    wire::LpcAcceptPort::Reply reply;
    wire::LpcAcceptPort::ReplyBlobs blobs;
    request.accept = AcceptConnection ? 1 : 0;
    request.message_id = message.header.message_id;
    request.process_id = message.header.process_id;
    request.thread_id = message.header.thread_id;
    const wire::Bytes information =
        message.data.first(std::min<std::size_t>(message.data.size(), kMaxConnectionInformation));
    CallScope scope;
    if (status = scope.connect(); status != STATUS_SUCCESS) return status;
    std::array<UniqueFd, 2> descriptors;
    status = scope.call<wire::LpcAcceptPort>(Blocking::no, request, {.information = information}, &reply,
                                             &blobs, descriptors);
    if (status != STATUS_SUCCESS || !AcceptConnection) return status;
    HANDLE port = nullptr;
    status = scope.give_handle(std::move(descriptors[0]), reply.handle, reply.access, 0, PortHandle, &port);
    if (status != STATUS_SUCCESS) return status;
    status = finish_accept(scope, port, PortContext, reply, std::move(descriptors[1]), own, ClientView);
    // Closing the half-made port refuses the client.
    if (status != STATUS_SUCCESS) host::close_handle(port);
    return status;
}

// From Vista on accept has released the client already (phnt).
NTSTATUS NtCompleteConnectPort(HANDLE) {
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::core
