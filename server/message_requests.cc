// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests about messages and connections other than sending and receiving.
#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "server/dispatch.h"
#include "server/port.h"
#include "server/port_lookup.h"
#include "server/reference_wait.h"
#include "server/waits.h"

namespace ntalpc::server {

namespace {

using wire::bytes_of;

// In the order in which forks' tests see the checks (alpc-abi 6.5).
std::int32_t cancel(Port& port, const wire::CancelMessage::Request& request) {
    const Message* const canceled = port.find_notice(request.context.message_id);
    if (canceled) return STATUS_REQUEST_CANCELED;
    Message* const message = port.find_conversation(request.context.message_id);
    // A connection request, and the answer to one, are not messages yet that could be canceled.
    if (!message || message->connection()->state() != Connection::State::accepted)
        return STATUS_MESSAGE_NOT_FOUND;
    // The other side has said its last word, which is only waiting to be received.
    const bool answered = message->state() == Message::State::queued && message->step().ends &&
                          message->step().from != port.side();
    if (answered) return STATUS_MESSAGE_NOT_FOUND;
    const bool retrieved = message->state() == Message::State::pending;
    // The flag's name says the opposite of what the tests see: with it the context is compared.
    const auto own_context = message->message_context[static_cast<std::size_t>(port.side())];
    if ((request.flags & ALPC_CANCELFLG_NO_CONTEXT_CHECK) && request.context.message_context != own_context) {
        return STATUS_CONTEXT_MISMATCH;
    }
    if (retrieved && message->step().ends) {
        // Nobody waits for an answer. Its receiver gives back what came with it (UniversalAlpc's datagrams).
        if (message->owner() != port.side()) return STATUS_MESSAGE_RETRIEVED;
        message->retire();
        return STATUS_SUCCESS;
    }
    if (retrieved && (request.flags & ALPC_CANCELFLG_TRY_CANCEL)) return STATUS_MESSAGE_RETRIEVED;
    message->cancel(port.side());
    return retrieved ? STATUS_MESSAGE_RETRIEVED : STATUS_SUCCESS;
}

}  // namespace

void handle(Call& call, const wire::CancelMessage::Request& request,
            const wire::CancelMessage::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port, request.context.message_id))
        return call.finish(status);
    const Ref<Port> alive(port);
    call.finish(cancel(*port, request));
}

void handle(Call& call, const wire::QueryMessage::Request& request, const wire::QueryMessage::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port, request.message_id))
        return call.finish(status);
    MessageSender sender;
    if (!port->find_sender(request.message_id, request.callback_id, &sender) || !sender.process) {
        return call.finish(STATUS_INVALID_MESSAGE);
    }
    wire::QueryMessage::Reply reply;
    const bool same_world = sender.process->world == call.process().facts().world;
    reply.process_id = same_world ? sender.process->id_in_world() : sender.process->id;
    reply.thread_id = sender.thread_id;
    const security::Token& token = sender.security.token->facts();
    reply.modified_id = token.modified_id;
    reply.modified_id_hidden = sender.security.hides_token();
    reply.unix_process = sender.process->unix_process;
    call.reply<wire::QueryMessage>(STATUS_SUCCESS, reply, {.user_sid = token.user.bytes()});
}

void handle(Call& call, const wire::PrepareDirectEvent::Request&,
            const wire::PrepareDirectEvent::RequestBlobs&) {
    UniqueFd sender_end;
    const auto status =
        DirectEvent::make(call.process().account(), &call.thread.prepared_direct_event, &sender_end);
    if (status != STATUS_SUCCESS) return call.finish(status);
    wire::PrepareDirectEvent::Reply reply;
    call.reply<wire::PrepareDirectEvent>(STATUS_SUCCESS, reply, {}, std::span(&sender_end, 1));
}

void handle(Call& call, const wire::QueryDirect::Request& request, const wire::QueryDirect::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    call.finish(port->direct_status(request.message_id));
}

void handle(Call& call, const wire::WaitForReferences::Request& request,
            const wire::WaitForReferences::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    if (port->references() >= request.count) return call.finish(STATUS_SUCCESS);
    if (const auto status = port->receive_status()) return call.finish(status);
    call.thread.park(std::make_unique<ReferenceWait>(call.thread, *port, request.count));
}

void handle(Call& call, const wire::QueryConnection::Request& request,
            const wire::QueryConnection::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    if (port->kind() == Port::Kind::connection) return call.finish(STATUS_INVALID_PORT_HANDLE);
    const Connection& connection = *port->connection();
    if (connection.state() != Connection::State::accepted) return call.finish(STATUS_PORT_DISCONNECTED);
    const bool is_client = port->side() == Side::client;
    const ProcessFacts& peer = is_client ? connection.listener()->owner() : connection.client_facts();
    const security::Token& token =
        is_client ? connection.listener()->owner_token() : connection.client_token();
    const std::u16string name = connection.listener()->path();
    wire::QueryConnection::Reply reply;
    reply.process_id = peer.id;
    reply.session_id = peer.session;
    call.reply<wire::QueryConnection>(STATUS_SUCCESS, reply,
                                      {.user_sid = token.user.bytes(), .name = bytes_of(name)});
}

void handle(Call& call, const wire::QueryThread::Request& request, const wire::QueryThread::RequestBlobs&) {
    wire::QueryThread::Reply reply;
    std::u16string name;
    const Thread* const thread = call.kernel.find_thread(request.process_id, request.thread_id);
    const auto* const wait = thread ? dynamic_cast<const ReplyWait*>(thread->wait()) : nullptr;
    const Connection* const connection = wait ? wait->connection() : nullptr;
    const bool mine = thread && thread->process().facts().unix_user == call.process().facts().unix_user;
    if (mine && connection && connection->listener()) {
        reply.blocked = 1;
        reply.server_process_id = connection->listener()->owner().id;
        name = connection->listener()->path();
    }
    call.reply<wire::QueryThread>(STATUS_SUCCESS, reply, {.name = bytes_of(name)});
}

void handle(Call& call, const wire::CreateReserve::Request& request,
            const wire::CreateReserve::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    if (request.message_size > 0xFFFF - sizeof(PORT_MESSAGE)) return call.finish(STATUS_INVALID_PARAMETER);
    wire::CreateReserve::Reply reply;
    const auto status = port->create_reserve(
        call.process().account(), static_cast<std::size_t>(request.message_size), &reply.resource_id);
    if (status != STATUS_SUCCESS) return call.finish(status);
    call.reply<wire::CreateReserve>(STATUS_SUCCESS, reply);
}

void handle(Call& call, const wire::DeleteReserve::Request& request,
            const wire::DeleteReserve::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    call.finish(port->delete_reserve(request.resource_id) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER);
}

void handle(Call& call, const wire::SetPort::Request& request, const wire::SetPort::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    if (request.port.flags & ALPC_PORFLG_SYSTEM_PROCESS) return call.finish(STATUS_INVALID_PARAMETER);
    // Whether a port is a legacy one, and whether it can be waited on, was decided when it was made.
    constexpr std::uint32_t fixed = ALPC_PORFLG_LPC_MODE | ALPC_PORFLG_WAITABLE_PORT;
    port->set_flags((port->flags() & fixed) | (request.port.flags & ~fixed));
    call.finish(STATUS_SUCCESS);
}

}  // namespace ntalpc::server
