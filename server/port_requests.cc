// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests on ports. Whatever a client says is checked here again, although the client library has checked it
// too.
#include "ntalpc/message_path.h"
#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "server/completion_list.h"
#include "server/dispatch.h"
#include "server/log.h"
#include "server/object_security.h"
#include "server/port.h"
#include "server/port_lookup.h"
#include "server/security/access_check.h"
#include "server/sent_view.h"
#include "server/trace_points.h"
#include "server/waits.h"

namespace ntalpc::server {

namespace {

unsigned long long wide(std::uint64_t number) {
    return number;
}

// Connecting and accepting tell by their own ways when they are done.
constexpr std::uint32_t kOnlyInMessages = ALPC_MESSAGE_DIRECT_ATTRIBUTE;

// Data and lengths belong together, and the total counts at least header and data.
bool lengths_agree(const wire::PortMessage& header, wire::Bytes data) {
    return header.data_length == data.size() && header.total_length >= sizeof(PORT_MESSAGE) + data.size();
}

// Kernel-only flags: 0x100000 is refused from user mode (observed by a fork's tests), LPC mode means nothing
// here.
std::int32_t check_attributes(const wire::PortAttributes& attributes) {
    return attributes.flags & ALPC_PORFLG_SYSTEM_PROCESS ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

// For the requests that make a handle and have nothing else to say.
template <class Request>
void reply_with_handle(Call& call, NewHandle made, [[maybe_unused]] std::uint64_t security_context = 0,
                       [[maybe_unused]] std::uint32_t lease = 0) {
    typename Request::Reply reply;
    if constexpr (requires { reply.lease; }) reply.lease = lease;
    if constexpr (requires { reply.security_context; }) reply.security_context = security_context;
    reply.handle = made.handle().id();
    reply.access = made.handle().access();
    const UniqueFd descriptor = made.commit();
    call.reply<Request>(STATUS_SUCCESS, reply, {}, std::span(&descriptor, 1));
}

}  // namespace

void handle(Call& call, const wire::CreatePort::Request& request,
            const wire::CreatePort::RequestBlobs& blobs) {
    if (const auto status = check_attributes(request.port)) return call.finish(status);
    const auto port = make_ref<Port>(call.kernel, call.process(), request.port);
    ObjectPath path;
    if (const auto status = read_path(blobs.name, request.root, case_rule(request.attributes), &path))
        return call.finish(status);
    const security::Token& token = call.thread.effective_token();
    if (!path.text.empty()) {
        if (const auto status = call.kernel.names.insert(path, {token, call.process().account()}, *port))
            return call.finish(status);
    }
    if (const auto status =
            assign_descriptor(*port, blobs.security_descriptor, token, call.process().account())) {
        return call.finish(status);
    }
    NewHandle made;
    if (const auto status =
            call.kernel.handles.open(call.process(), Ref<Object>(port.get()), PORT_ALL_ACCESS, &made)) {
        return call.finish(status);
    }
    log(LogLevel::connections, "%04llx:%04llx created port %s", wide(call.process().facts().id),
        wide(call.thread.id()), path.text.empty() ? "(unnamed)" : printable(path.text).c_str());
    NTALPC_TRACE(port_created(*port));
    reply_with_handle<wire::CreatePort>(call, std::move(made));
}

namespace {

// Which access the server must have by the client's descriptor is not documented; the right to connect is the
// only one of its own that a port has.
std::int32_t check_requirements(const Port& listener, wire::Bytes requirements) {
    if (requirements.empty()) return STATUS_SUCCESS;
    security::SecurityDescriptor descriptor;
    if (const auto status = security::SecurityDescriptor::parse(requirements, &descriptor)) return status;
    const auto decision =
        security::check_access(descriptor, listener.owner_token(), kPortType.mapping, PORT_CONNECT);
    return decision.status == STATUS_SUCCESS ? STATUS_SUCCESS : STATUS_SERVER_SID_MISMATCH;
}

}  // namespace

void handle(Call& call, const wire::ConnectPort::Request& request,
            const wire::ConnectPort::RequestBlobs& blobs) {
    if (const auto status = check_attributes(request.port)) return call.finish(status);
    if (request.send_attributes.valid & kOnlyInMessages) return call.finish(STATUS_INVALID_PARAMETER);
    // An exact match wins; a name in another case is accepted, as connects carry no case attribute of their
    // own.
    ObjectPath path;
    auto status = read_path(blobs.name, request.root, CaseRule::insensitive, &path);
    Ref<Port> listener;
    if (status == STATUS_SUCCESS) status = find_listener(call, path, blobs.required_sid, &listener);
    if (status != STATUS_SUCCESS) return call.finish(status);
    if (const auto refused = check_requirements(*listener, blobs.server_requirements)) {
        tell_refusal(call, path, refused);
        return call.finish(refused);
    }
    // After the look-up: a missing port is reported first. A connection message has no room between data and
    // end.
    const auto& message = request.message;
    if (!lengths_agree(message, blobs.data) ||
        message.total_length != sizeof(PORT_MESSAGE) + message.data_length) {
        return call.finish(STATUS_INVALID_PARAMETER);
    }
    const auto connection = make_ref<Connection>(call.kernel, *listener, call.process());
    const auto client = make_ref<Port>(call.kernel, call.process(), request.port, *connection, Side::client);
    if (request.message.total_length > client->max_message_length())
        return call.finish(STATUS_PORT_MESSAGE_TOO_LONG);
    NewHandle made;
    if (const auto status =
            call.kernel.handles.open(call.process(), Ref<Object>(client.get()), PORT_ALL_ACCESS, &made)) {
        return call.finish(status);
    }
    const QualityOfService quality = {request.port.qos_level, request.port.qos_dynamic != 0,
                                      request.port.qos_effective_only != 0};
    const bool impersonable = request.port.flags & ALPC_PORFLG_ALLOW_IMPERSONATION;
    if (const auto status = connection->set_quality(call.thread, quality, impersonable))
        return call.finish(status);
    SentView view;
    if (const auto status = view.take(call.process(), *client, request.send_attributes))
        return call.finish(status);
    const Outgoing outgoing{
        request.message, blobs.data, request.send_attributes, request.flags, client->pool(), nullptr, &view};
    if (const auto status = connection->request(call.thread, *client, outgoing)) return call.finish(status);
    if (request.flags & ALPC_MSGFLG_SYNC_REQUEST) {
        ReceiveTerms terms{.capacity = request.reply_capacity,
                           .allocated = request.receive_attributes.allocated,
                           .port = client};
        terms.sent.security_context = connection->request_context();
        call.thread.park(std::make_unique<AlpcConnector>(call.thread, *connection, std::move(made), terms));
        call.kernel.set_deadline(*call.thread.wait(), request.timeout);
        return;
    }
    reply_with_handle<wire::ConnectPort>(call, std::move(made), connection->request_context());
}

namespace {

// The request that an accept names. It must have been received from this very port and not been answered yet.
std::int32_t find_request(const Call& call, Port& listener, const wire::PortMessage& header,
                          Ref<Message>* found) {
    Message* const message = call.kernel.message_ids.find(header.message_id);
    const bool valid = message && message->state() == Message::State::pending && message->connection() &&
                       message->step().type == LPC_CONNECTION_REQUEST &&
                       message->connection()->listener() == &listener &&
                       (header.callback_id == 0 || header.callback_id == message->callback_id());
    if (!valid) {
        return listener.forget_canceled_request(header.message_id) ? STATUS_REQUEST_CANCELED
                                                                   : STATUS_INVALID_MESSAGE;
    }
    *found = Ref<Message>(message);
    return STATUS_SUCCESS;
}

}  // namespace

void handle(Call& call, const wire::AcceptPort::Request& request,
            const wire::AcceptPort::RequestBlobs& blobs) {
    if (!lengths_agree(request.message, blobs.data)) return call.finish(STATUS_INVALID_PARAMETER);
    if (request.send_attributes.valid & kOnlyInMessages) return call.finish(STATUS_INVALID_PARAMETER);
    Port* port = nullptr;
    if (const auto status = find_port_for_messages(call, request.handle, &port)) return call.finish(status);
    if (port->kind() != Port::Kind::connection) return call.finish(STATUS_INVALID_PORT_HANDLE);
    if (const auto status = check_attributes(request.port)) return call.finish(status);
    Ref<Message> message;
    if (const auto status = find_request(call, *port, request.message, &message)) return call.finish(status);
    const Ref<Connection> connection(message->connection());
    if (!request.accept) {
        connection->refuse(call.thread, *message, {});
        return call.finish(STATUS_SUCCESS);
    }
    NewHandle made;
    SentView view;
    if (const auto status = view.take(call.process(), *port, request.send_attributes))
        return call.finish(status);
    const Outgoing outgoing{request.message, blobs.data, request.send_attributes, request.flags, {},
                            nullptr,         &view};
    if (const auto status = connection->begin_accept(call.thread, *message, request.port, outgoing, &made)) {
        return call.finish(status);
    }
    view.sent();
    const std::uint64_t security_context = message->step().security.context_handle;
    connection->finish_accept(request.port_context);
    reply_with_handle<wire::AcceptPort>(call, std::move(made), security_context,
                                        connection->offer_lease(Side::server));
}

namespace {

// Which combinations make sense: alpc-semantics 5.1.
std::int32_t check_send_wait_receive(const wire::SendWaitReceive::Request& request, wire::Bytes data) {
    if (request.flags & ALPC_MSGFLG_INTERNAL_REJECT) return STATUS_INVALID_PARAMETER;
    if (request.flags & ALPC_MSGFLG_SYNC_REQUEST) {
        if (!request.has_send || (request.flags & ALPC_MSGFLG_RELEASE_MESSAGE))
            return STATUS_INVALID_PARAMETER_2;
        if (!request.has_receive) return STATUS_LPC_RECEIVE_BUFFER_EXPECTED;
    }
    if (!request.has_send && !request.has_receive) return STATUS_INVALID_PARAMETER;
    if (request.has_send && !lengths_agree(request.message, data)) return STATUS_INVALID_PARAMETER;
    return STATUS_SUCCESS;
}

// How long a receive that does not want to wait does so for a message that is on its way into a completion
// list. Its writer is an ordinary thread, which somebody may have suspended.
constexpr Nanoseconds kPatience = 1'000'000'000;

// True when that is the answer, now or later: what the port receives is in its completion list, or will be.
bool receive_by_list(Call& call, Port& port, const wire::SendWaitReceive::Request& request,
                     ReceiveTerms& terms) {
    CompletionList* const list = port.completion_list();
    if (!list) return false;
    terms.seen_posts = list->posts();
    if (request.list_posts != 0) {
        terms.seen_posts = request.list_posts - 1;
        list->seen_empty(terms.seen_posts);
        if (list->more_than(terms.seen_posts)) {
            reply_without_message(call.thread, terms, STATUS_ALPC_CHECK_COMPLETION_LIST);
            return true;
        }
    }
    if (!list->in_flight_after(terms.seen_posts)) return false;
    terms.polls = request.timeout == 0;
    call.thread.park(std::make_unique<ReceiveWait>(call.thread, port, terms));
    call.kernel.set_deadline(*call.thread.wait(), terms.polls ? kPatience : request.timeout);
    return true;
}

// What has been sent by a lease has to be here before anything is sent behind it, or answered.
void take_back_leases(const Call& call, Port& port, std::uint32_t message_id) {
    constexpr const char* reason = "a message needed the server";
    if (Lease* const lease = call.kernel.leases.find_by_message(message_id))
        lease->connection().take_back_lease(reason);
    if (port.kind() != Port::Kind::connection) port.take_back_leases(reason);
}

// The answer to a message that a lease carried until it was taken back. What the client has got in the
// meantime it knows already.
void resume(Call& call, const Ref<Port>& port, const wire::SendWaitReceive::Request& request) {
    ReceiveTerms terms{.capacity = request.receive_capacity,
                       .allocated = request.receive_attributes.allocated,
                       .port = port};
    terms.sent.message_id = request.resumed;
    terms.sent.callback_id = lease::callback_id(request.resumed);
    const Side side = port->side();
    const auto lost = port->connection() ? port->connection()->lost_status(side) : STATUS_PORT_DISCONNECTED;
    const Message* const awaited = call.thread.away();
    const bool own = awaited && port->kind() == Port::Kind::client && port->connection() &&
                     awaited->connection_serial() == port->connection()->serial();
    const Ref<Message> message = own ? call.thread.take_away(request.resumed) : Ref<Message>();
    if (!message) return reply_without_message(call.thread, terms, lost);
    if (message->come_back(side)) {
        if (message->step().total_length > terms.capacity) {
            reply_too_small(call.thread, terms, *message);
            return port->enqueue(*message);
        }
        return reply_with_message(call.thread, terms, *message);
    }
    if (message->state() == Message::State::canceled)
        return reply_without_message(call.thread, terms, STATUS_MESSAGE_LOST);
    if (message->state() == Message::State::ended) return reply_without_message(call.thread, terms, lost);
    call.thread.park(std::make_unique<ReplyWait>(call.thread, *message, side, terms));
    call.kernel.set_deadline(*call.thread.wait(), request.timeout);
}

void receive(Call& call, Port& port, const ReceiveTerms& terms, Nanoseconds timeout) {
    if (port.for_receivers()) {
        if (port.front().step().total_length > terms.capacity)
            return reply_too_small(call.thread, terms, port.front());
        reply_with_message(call.thread, terms, *port.take_front());
        return port.match();  // what is next may be for the completion list again
    }
    if (const auto status = port.receive_status()) return reply_without_message(call.thread, terms, status);
    if (timeout == 0) return reply_without_message(call.thread, terms, STATUS_TIMEOUT);
    if (port.may_get_by_lease())
        return reply_without_message(call.thread, terms, STATUS_TIMEOUT, kLookAtLeases);
    call.thread.park(std::make_unique<ReceiveWait>(call.thread, port, terms));
    call.kernel.set_deadline(*call.thread.wait(), timeout);
}

}  // namespace

void handle(Call& call, const wire::SendWaitReceive::Request& request,
            const wire::SendWaitReceive::RequestBlobs& blobs) {
    // Whatever comes of this call, what was prepared for it is used up.
    DirectEvent direct_event = std::exchange(call.thread.prepared_direct_event, {});
    if (request.resumed == 0) {
        if (const auto status = check_send_wait_receive(request, blobs.data)) return call.finish(status);
    }
    const bool direct = request.has_send && (request.send_attributes.valid & ALPC_MESSAGE_DIRECT_ATTRIBUTE);
    if (direct && !direct_event) return call.finish(STATUS_INVALID_PARAMETER);
    Port* found = nullptr;
    if (const auto status = find_port_for_messages(call, request.handle, &found)) return call.finish(status);
    const Ref<Port> port(found);
    if (request.resumed != 0) return resume(call, port, request);
    if (request.has_send) take_back_leases(call, *port, request.message.message_id);
    if (request.flags & ~kFlagsOfLeases) port->take_back_leases("a call needed the server");
    // It can be interrupted only while it waits here.
    if (request.has_receive && request.timeout != 0 && (request.flags & ALPC_MSGFLG_WAIT_ALERTABLE))
        port->forbid_leases("a thread waits alertably");
    ReceiveTerms terms{.capacity = request.receive_capacity,
                       .allocated = request.receive_attributes.allocated,
                       .port = port};
    Ref<Message> sent;
    if (request.has_send) {
        SentView view;
        const Outgoing outgoing{request.message,
                                blobs.data,
                                request.send_attributes,
                                request.flags,
                                port->pool(),
                                direct ? &direct_event : nullptr,
                                &view};
        auto status = view.take(call.process(), *port, request.send_attributes);
        if (status == STATUS_SUCCESS) status = port->send(call.thread, outgoing, &sent);
        if (status != STATUS_SUCCESS) return call.finish(status);
        view.sent();
        terms.sent.message_id = sent->id();
        terms.sent.callback_id = sent->callback_id();
        terms.sent.sequence = port->sequence();
        terms.sent.security_context = sent->step().security.context_handle;
    }
    if (request.flags & ALPC_MSGFLG_SYNC_REQUEST) {
        if (sent->state() == Message::State::ended)
            return reply_without_message(call.thread, terms, STATUS_PORT_DISCONNECTED);
        call.thread.park(std::make_unique<ReplyWait>(call.thread, *sent, port->side(), terms));
        call.kernel.set_deadline(*call.thread.wait(), request.timeout);
    } else if (request.has_receive) {
        if (receive_by_list(call, *port, request, terms)) return;
        receive(call, *port, terms, request.timeout);
    } else {
        const bool from_client = port->kind() == Port::Kind::client;
        reply_without_message(call.thread, terms, STATUS_SUCCESS,
                              from_client ? port->connection()->offer_lease(Side::client) : 0);
    }
}

void handle(Call& call, const wire::DisconnectPort::Request& request,
            const wire::DisconnectPort::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    if (request.flags & ~std::uint32_t{ALPC_DISCONNECT_PORT_FLG_SKIP_PENDING_FLUSH})
        return call.finish(STATUS_INVALID_PARAMETER);
    const Ref<Port> alive(port);
    const bool keep = (request.flags & ALPC_DISCONNECT_PORT_FLG_SKIP_PENDING_FLUSH) != 0;
    call.finish(port->disconnect(keep ? PendingMessages::keep : PendingMessages::cancel));
}

void handle(Call& call, const wire::QueryPort::Request& request, const wire::QueryPort::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    wire::QueryPort::Reply reply;
    reply.flags = port->flags();
    reply.sequence = port->sequence();
    reply.port_context = port->context();
    call.reply<wire::QueryPort>(STATUS_SUCCESS, reply);
}

}  // namespace ntalpc::server
