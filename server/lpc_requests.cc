// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests of the legacy calls. They act on the same ports, connections and messages as ALPC; what differs is
// how a conversation is addressed (to a thread), what a receiver sees, and the statuses.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#include "ntalpc/lpc_action.h"
#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "server/dispatch.h"
#include "server/log.h"
#include "server/port.h"
#include "server/port_lookup.h"
#include "server/termination.h"
#include "server/waits.h"

namespace ntalpc::server {

namespace {

wire::PortAttributes lpc_attributes(const Port& listener) {
    wire::PortAttributes attributes = listener.attributes();
    attributes.given = 1;
    attributes.flags |= ALPC_PORFLG_LPC_MODE;
    return attributes;
}

wire::PortMessage information_header(wire::Bytes information) {
    wire::PortMessage header;
    header.data_length = static_cast<std::uint16_t>(information.size());
    header.total_length = static_cast<std::uint16_t>(sizeof(PORT_MESSAGE) + information.size());
    return header;
}

// A section is memory. Anything else has no business here; a socket could even carry further descriptors
// inside.
bool all_memory(std::span<const UniqueFd> descriptors) {
    return std::ranges::all_of(descriptors, [](const UniqueFd& descriptor) {
        struct stat found;
        return fstat(descriptor.get(), &found) == 0 && S_ISREG(found.st_mode);
    });
}

// What a header can count; the client clamps to less.
constexpr std::size_t kMaxInformation = 0xFFFF - sizeof(PORT_MESSAGE);

}  // namespace

void handle(Call& call, const wire::LpcConnectPort::Request& request,
            const wire::LpcConnectPort::RequestBlobs& blobs) {
    if (blobs.information.size() > kMaxInformation) return call.finish(STATUS_INVALID_PARAMETER);
    if ((request.has_view != 0) != (call.descriptors.size() == 1) || !all_memory(call.descriptors))
        return call.finish(STATUS_INVALID_PARAMETER);
    // Legacy connects are case-sensitive (lpc-semantics, namespace rules).
    ObjectPath path;
    auto found = read_path(blobs.name, request.root, CaseRule::sensitive, &path);
    Ref<Port> listener;
    if (found == STATUS_SUCCESS) found = find_listener(call, path, blobs.required_sid, &listener);
    if (found != STATUS_SUCCESS) return call.finish(found);
    if (request.has_view && !may_be_shared(call.descriptors[0], call.process().facts(), listener->owner()))
        return call.finish(STATUS_ACCESS_DENIED);
    const auto connection = make_ref<Connection>(call.kernel, *listener, call.process());
    const auto client =
        make_ref<Port>(call.kernel, call.process(), lpc_attributes(*listener), *connection, Side::client);
    if (request.has_view) {
        connection->client_view = {std::move(call.descriptors[0]), request.view_size, request.view_offset,
                                   request.view_base, 0};
    }
    const QualityOfService quality = {request.qos_level, request.qos_dynamic != 0,
                                      request.qos_effective_only != 0};
    if (const auto status = connection->set_quality(call.thread, quality, true)) return call.finish(status);
    NewHandle made;
    if (const auto status =
            call.kernel.handles.open(call.process(), Ref<Object>(client.get()), PORT_ALL_ACCESS, &made)) {
        return call.finish(status);
    }
    const wire::PortMessage header = information_header(blobs.information);
    const Outgoing outgoing{header, blobs.information, {}, 0};
    if (const auto status = connection->request(call.thread, *client, outgoing)) return call.finish(status);
    call.thread.park(std::make_unique<LpcConnector>(call.thread, *connection, std::move(made)));
}

namespace {

// The connection request that an accept names by its sender and id; the port is not named. Checks in the
// order of lpc-semantics 6.1.
std::int32_t find_request(const Call& call, const wire::LpcAcceptPort::Request& request,
                          Ref<Message>* found) {
    Message* const message = call.kernel.message_ids.find(request.message_id);
    const bool pending = message && message->state() == Message::State::pending &&
                         message->step().type == LPC_CONNECTION_REQUEST;
    if (!pending) return STATUS_REPLY_MESSAGE_MISMATCH;
    if (message->step().process_id != request.process_id || message->step().thread_id != request.thread_id) {
        return call.kernel.find_thread(request.process_id, request.thread_id) ? STATUS_REPLY_MESSAGE_MISMATCH
                                                                              : STATUS_INVALID_CID;
    }
    // Only the process that created the connection port may answer.
    if (&message->connection()->listener()->owner() != &call.process().facts()) {
        return STATUS_REPLY_MESSAGE_MISMATCH;
    }
    *found = Ref<Message>(message);
    return STATUS_SUCCESS;
}

}  // namespace

void handle(Call& call, const wire::LpcAcceptPort::Request& request,
            const wire::LpcAcceptPort::RequestBlobs& blobs) {
    if (blobs.information.size() > kMaxInformation) return call.finish(STATUS_INVALID_PARAMETER);
    Ref<Message> message;
    if (const auto status = find_request(call, request, &message)) return call.finish(status);
    const Ref<Connection> connection(message->connection());
    if (!request.accept) {
        connection->refuse(call.thread, *message, blobs.information);
        return call.finish(STATUS_SUCCESS);
    }
    NewHandle made;
    const wire::PortMessage header = information_header(blobs.information);
    const Outgoing outgoing{header, blobs.information, {}, 0};
    const auto status = connection->begin_accept(call.thread, *message,
                                                 lpc_attributes(*connection->listener()), outgoing, &made);
    if (status != STATUS_SUCCESS) return call.finish(status);
    wire::LpcAcceptPort::Reply reply;
    reply.handle = made.handle().id();
    reply.access = made.handle().access();
    reply.view_size = connection->client_view.size;
    reply.view_offset = connection->client_view.offset;
    std::array<UniqueFd, 2> descriptors;
    descriptors[0] = made.commit();
    descriptors[1] = std::move(connection->client_view.section);
    call.reply<wire::LpcAcceptPort>(STATUS_SUCCESS, reply, {},
                                    std::span(descriptors).first(descriptors[1] ? 2 : 1));
}

void handle(Call& call, const wire::LpcFinishAccept::Request& request,
            const wire::LpcFinishAccept::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    if (port->kind() != Port::Kind::server) return call.finish(STATUS_INVALID_PORT_HANDLE);
    if (!all_memory(call.descriptors)) return call.finish(STATUS_INVALID_PARAMETER);
    const Ref<Connection> connection(port->connection());
    wire::LpcFinishAccept::Reply reply;
    if (connection->state() != Connection::State::accepting) {
        // The client has gone in between; the server will find the port disconnected.
        return call.reply<wire::LpcFinishAccept>(STATUS_SUCCESS, reply);
    }
    connection->client_view.remote_base = request.client_view_base;
    if (!call.descriptors.empty() &&
        !may_be_shared(call.descriptors[0], call.process().facts(), connection->client_facts())) {
        return call.finish(STATUS_ACCESS_DENIED);
    }
    // Only a legacy client maps what is offered and says so.
    const bool offers = !call.descriptors.empty() && connection->connector_takes_views();
    if (offers) {
        connection->server_view = {std::move(call.descriptors[0]), request.view_size, request.view_offset,
                                   request.view_base, 0};
        call.thread.park(std::make_unique<FinishWait>(call.thread, *connection));
    }
    connection->finish_accept(request.port_context);
    connection->server_view.section.reset();
    if (!offers) call.reply<wire::LpcFinishAccept>(STATUS_SUCCESS, reply);
}

void handle(Call& call, const wire::LpcViewMapped::Request& request,
            const wire::LpcViewMapped::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    if (port->kind() != Port::Kind::client) return call.finish(STATUS_INVALID_PORT_HANDLE);
    const Ref<Connection> connection(port->connection());
    connection->server_view_mapped(request.base);
    call.finish(STATUS_SUCCESS);
}

namespace {

bool wants(const wire::LpcMessage::Request& request, LpcAction action) {
    return (request.action & static_cast<std::uint32_t>(action)) != 0;
}

std::int32_t check_lengths(const Port& port, const wire::LpcMessage::Request& request, wire::Bytes data) {
    const wire::PortMessage& header = request.message;
    if (header.data_length != data.size() || header.total_length < sizeof(PORT_MESSAGE) + data.size()) {
        return STATUS_INVALID_PARAMETER;
    }
    return header.total_length > port.max_message_length() ? STATUS_PORT_MESSAGE_TOO_LONG : STATUS_SUCCESS;
}

// Why no conversation was found: nobody of that name, or not waiting for this.
std::int32_t mismatch(const Call& call, const wire::PortMessage& header) {
    return call.kernel.find_thread(header.process_id, header.thread_id) ? STATUS_REPLY_MESSAGE_MISMATCH
                                                                        : STATUS_INVALID_CID;
}

std::int32_t send_new(Call& call, Port& port, const Outgoing& outgoing, Ref<Message>* sent) {
    if (port.kind() != Port::Kind::connection) {
        return port.connection()->send(call.thread, port.side(), outgoing, sent);
    }
    // To itself only datagrams: nobody else could answer a request.
    if (!(outgoing.flags & ALPC_MSGFLG_RELEASE_MESSAGE)) return STATUS_LPC_INVALID_CONNECTION_USAGE;
    return port.send_to_self(call.thread, outgoing);
}

std::int32_t continue_conversation(Call& call, Port& port, const wire::LpcMessage::Request& request,
                                   const Outgoing& outgoing, Ref<Message>* sent) {
    if (request.message.message_id == 0) return STATUS_INVALID_PARAMETER;
    Ref<Message> message(port.find_conversation(request.message.message_id));
    if (!message) return mismatch(call, request.message);
    // The connection port stands for the server's side.
    const auto status =
        wants(request, LpcAction::callback)
            ? message->connection()->lpc_callback(call.thread, port.side(), *message, outgoing)
            : message->connection()->lpc_reply(call.thread, port.side(), *message, outgoing);
    if (status == STATUS_REPLY_MESSAGE_MISMATCH) return mismatch(call, request.message);
    if (status == STATUS_SUCCESS) *sent = std::move(message);
    return status;
}

// The table of memory ranges inside a request (PORT_DATA_INFORMATION); checks as lpc-semantics 12.2 has them.
// The layout is that of 64 bits: legacy messages have no other on the wire.
std::int32_t parse_data_entries(const wire::PortMessage& header, wire::Bytes data,
                                std::vector<Message::DataEntry>* entries) {
    if (header.data_info_offset == 0) return STATUS_SUCCESS;
    if (header.data_info_offset < sizeof(PORT_MESSAGE)) return STATUS_INVALID_PARAMETER;
    const std::size_t start = header.data_info_offset - sizeof(PORT_MESSAGE);
    constexpr std::size_t head = offsetof(PORT_DATA_INFORMATION, DataEntries);
    if (start > data.size() || data.size() - start < sizeof(PORT_DATA_INFORMATION))
        return STATUS_INVALID_PARAMETER;
    std::uint32_t count;
    std::memcpy(&count, data.data() + start, sizeof(count));
    const wire::Bytes table = data.subspan(start + head);
    if (count > table.size() / sizeof(PORT_DATA_ENTRY)) return STATUS_INVALID_PARAMETER;
    for (std::uint32_t i = 0; i < count; ++i) {
        PORT_DATA_ENTRY entry;
        std::memcpy(&entry, table.data() + i * sizeof(entry), sizeof(entry));
        entries->push_back({reinterpret_cast<std::uintptr_t>(entry.Base), entry.Size});
    }
    return STATUS_SUCCESS;
}

std::int32_t send(Call& call, Port& port, const wire::LpcMessage::Request& request, wire::Bytes data,
                  Ref<Message>* sent) {
    if (const auto status = check_lengths(port, request, data)) return status;
    const std::uint32_t flags = wants(request, LpcAction::datagram) ? ALPC_MSGFLG_RELEASE_MESSAGE : 0;
    const Outgoing outgoing{request.message, data, {}, flags};
    std::vector<Message::DataEntry> entries;
    const bool asks = wants(request, LpcAction::request) || wants(request, LpcAction::callback);
    std::int32_t status = asks ? parse_data_entries(request.message, data, &entries) : STATUS_SUCCESS;
    if (status != STATUS_SUCCESS) return status;
    status = wants(request, LpcAction::datagram) || wants(request, LpcAction::request)
                 ? send_new(call, port, outgoing, sent)
                 : continue_conversation(call, port, request, outgoing, sent);
    if (status == STATUS_SUCCESS && asks) {
        (*sent)->data_entries[static_cast<std::size_t>(port.side())] = std::move(entries);
    }
    return status;
}

// A server communication port has no queue of its own: its receivers take what is at the connection port.
void receive(Call& call, Port& port, const wire::LpcMessage::Request& request) {
    Port* const queue = port.kind() == Port::Kind::server ? port.connection()->listener() : &port;
    const ReceiveTerms terms{
        .capacity = 0xFFFF, .lpc = true, .only_connection_requests = wants(request, LpcAction::listen)};
    if (!queue) return call.finish(STATUS_PORT_DISCONNECTED);
    while (terms.only_connection_requests && !queue->empty() &&
           queue->front().step().type != LPC_CONNECTION_REQUEST) {
        queue->take_front()->received();
    }
    if (!queue->empty()) return reply_with_message(call.thread, terms, *queue->take_front());
    if (const auto status = port.receive_status()) return call.finish(status);
    if (request.timeout == 0) return call.finish(STATUS_TIMEOUT);
    call.thread.park(std::make_unique<ReceiveWait>(call.thread, *queue, terms));
    call.kernel.set_deadline(*call.thread.wait(), request.timeout);
}

}  // namespace

namespace {

// At most one thing is sent, and an answer is waited for only if there can be one.
bool makes_sense(std::uint32_t action) {
    constexpr std::uint32_t answered = LpcAction::request | LpcAction::callback | LpcAction::reply;
    constexpr std::uint32_t sends = answered | LpcAction::datagram;
    const bool waits = (action & static_cast<std::uint32_t>(LpcAction::wait_reply)) != 0;
    return std::popcount(action & sends) <= 1 && (!waits || (action & answered) != 0);
}

}  // namespace

void handle(Call& call, const wire::LpcMessage::Request& request,
            const wire::LpcMessage::RequestBlobs& blobs) {
    if (!makes_sense(request.action)) return call.finish(STATUS_INVALID_PARAMETER);
    Port* found = nullptr;
    if (const auto status = find_port(call, request.handle, &found)) return call.finish(status);
    const Ref<Port> port(found);
    Ref<Message> sent;
    const bool sends = wants(request, LpcAction::datagram) || wants(request, LpcAction::request) ||
                       wants(request, LpcAction::callback) || wants(request, LpcAction::reply);
    if (sends) {
        if (const auto status = send(call, *port, request, blobs.data, &sent)) return call.finish(status);
    }
    if (wants(request, LpcAction::wait_reply)) {
        if (!sent || sent->state() == Message::State::ended) return call.finish(STATUS_LPC_REPLY_LOST);
        const ReceiveTerms terms{.capacity = 0xFFFF, .lpc = true};
        call.thread.park(std::make_unique<ReplyWait>(call.thread, *sent, port->side(), terms));
    } else if (wants(request, LpcAction::receive)) {
        receive(call, *port, request);
    } else {
        call.finish(STATUS_SUCCESS);
    }
}

void handle(Call& call, const wire::SetHardErrorPort::Request& request,
            const wire::SetHardErrorPort::RequestBlobs&) {
    if (!call.thread.effective_token().has_privilege(security::privilege::kTcb))
        return call.finish(STATUS_PRIVILEGE_NOT_HELD);
    if (call.kernel.hard_error_port) return call.finish(STATUS_UNSUCCESSFUL);
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    call.kernel.hard_error_port = Ref<Object>(port);
    call.finish(STATUS_SUCCESS);
}

void handle(Call& call, const wire::RegisterTerminationPort::Request& request,
            const wire::RegisterTerminationPort::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    call.finish(register_termination_port(call.thread, *port));
}

}  // namespace ntalpc::server
