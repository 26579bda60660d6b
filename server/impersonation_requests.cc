// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests by which one side of a connection acts as the other, or says how far the other may act as itself.
//
// The server decides who becomes whom and how far; the token itself is where the client is, and only the
// caller's host can put it on the thread.
#include <algorithm>

#include "ntalpc/impersonated_token.h"
#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "server/dispatch.h"
#include "server/impersonation.h"
#include "server/port.h"
#include "server/port_lookup.h"
#include "server/waits.h"

namespace ntalpc::server {

namespace {

using security::ImpersonationLevel;

// Where the caller's host finds the token. Between worlds there are no tokens to be had, but the same Unix
// user is the same person in all of them.
std::int32_t locate_token(const ProcessFacts& caller, const ProcessFacts& client, const ClientToken& token,
                          wire::Impersonation* who) {
    const bool same_user = caller.unix_user == client.unix_user;
    if (same_user && caller.world != 0 && caller.world == client.world) {
        who->whom = static_cast<std::uint32_t>(ImpersonatedToken::of_client);
        who->process_id = client.id_in_world();
        who->token = token.handle();
        return STATUS_SUCCESS;
    }
    who->whom = static_cast<std::uint32_t>(ImpersonatedToken::own);
    return same_user ? STATUS_SUCCESS : STATUS_CANNOT_IMPERSONATE;
}

// Whom the caller becomes by impersonating the sender of a step. The sender's thread may have had less than
// it allows the caller, which only comes out here with dynamic tracking (lpc-semantics 11.1).
std::int32_t impersonate(const Call& call, const Message::Step& step, wire::Impersonation* who) {
    const MessageSecurity& security = step.security;
    if (!step.sender) return STATUS_ACCESS_DENIED;
    if (const auto status = security.check_impersonation()) return status;
    if (security.quality.level > static_cast<std::uint32_t>(ImpersonationLevel::delegation))
        return STATUS_BAD_IMPERSONATION_LEVEL;
    const auto wanted = static_cast<ImpersonationLevel>(security.quality.level);
    const security::Token& client = security.token->facts();
    if (client.type == security::TokenType::impersonation &&
        (client.level < ImpersonationLevel::impersonation || wanted > client.level)) {
        return STATUS_BAD_IMPERSONATION_LEVEL;
    }
    const auto level = granted_level(call.process().token()->facts(), client, wanted);
    who->level = static_cast<std::uint32_t>(level);
    who->effective_only = security.quality.effective_only;
    if (level != ImpersonationLevel::anonymous)
        return locate_token(call.process().facts(), *step.sender, *security.token, who);
    who->whom = static_cast<std::uint32_t>(ImpersonatedToken::anonymous);
    return STATUS_SUCCESS;
}

}  // namespace

// The order of the checks is that of lpc-semantics 11.2.
void handle(Call& call, const wire::LpcImpersonate::Request& request,
            const wire::LpcImpersonate::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port)) return call.finish(status);
    if (port->kind() != Port::Kind::server) return call.finish(STATUS_INVALID_PORT_HANDLE);
    if (!call.kernel.find_thread(request.process_id, request.thread_id))
        return call.finish(STATUS_INVALID_CID);
    const Connection& connection = *port->connection();
    if (connection.state() != Connection::State::accepted) return call.finish(STATUS_PORT_DISCONNECTED);
    const Message* const message = port->find_conversation(request.message_id);
    const ReplyWait* const wait = message ? message->waiter[static_cast<std::size_t>(Side::client)] : nullptr;
    if (!wait || wait->thread().id() != request.thread_id) return call.finish(STATUS_REPLY_MESSAGE_MISMATCH);
    wire::LpcImpersonate::Reply reply;
    if (const auto status = impersonate(call, message->step(), &reply.who)) return call.finish(status);
    call.reply<wire::LpcImpersonate>(STATUS_SUCCESS, reply);
}

namespace {

constexpr std::uint32_t kLevelShift = 2;
constexpr std::uint32_t kKnownFlags =
    ALPC_IMPERSONATEFLG_ANONYMOUS | ALPC_IMPERSONATEFLG_REQUIRE_IMPERSONATE | 3u << kLevelShift;

// A message that this port has received and not answered.
const Message* find_live(const Port& port, std::uint32_t id, std::uint32_t callback_id) {
    const Message* const message = port.find_conversation(id);
    const bool live = message && message->state() == Message::State::pending &&
                      message->owner() == port.side() &&
                      (callback_id == 0 || callback_id == message->callback_id());
    return live ? message : nullptr;
}

std::int32_t alpc_impersonate(const Call& call, const Message& message, std::uint32_t flags,
                              wire::Impersonation* who) {
    const auto status = impersonate(call, message.step(), who);
    if (status == STATUS_ACCESS_DENIED && (flags & ALPC_IMPERSONATEFLG_ANONYMOUS)) {
        *who = {};
        who->whom = static_cast<std::uint32_t>(ImpersonatedToken::anonymous);
    } else if (status != STATUS_SUCCESS) {
        return status;
    }
    const bool too_low =
        (flags & ALPC_IMPERSONATEFLG_REQUIRE_IMPERSONATE) && who->level < (flags >> kLevelShift & 3);
    return too_low ? STATUS_BAD_IMPERSONATION_LEVEL : STATUS_SUCCESS;
}

}  // namespace

// Nothing here runs in a container, and so nothing changes for who acts in a sender's; but it must be
// allowed.
void handle(Call& call, const wire::AlpcImpersonate::Request& request,
            const wire::AlpcImpersonate::RequestBlobs&) {
    if (request.flags & ~(request.container ? 0 : kKnownFlags)) return call.finish(STATUS_INVALID_PARAMETER);
    Port* port = nullptr;
    if (const auto status = find_port(call, request.handle, &port, request.message_id))
        return call.finish(status);
    const Message* const message = find_live(*port, request.message_id, request.callback_id);
    if (!message) return call.finish(STATUS_INVALID_MESSAGE);
    wire::AlpcImpersonate::Reply reply;
    if (const auto status = alpc_impersonate(call, *message, request.flags, &reply.who))
        return call.finish(status);
    if (request.container) reply.who = {};
    call.reply<wire::AlpcImpersonate>(STATUS_SUCCESS, reply);
}

void handle(Call& call, const wire::CreateSecurityContext::Request& request,
            const wire::CreateSecurityContext::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port_for_messages(call, request.handle, &port)) return call.finish(status);
    const QualityOfService quality = {request.level, request.dynamic != 0, request.effective_only != 0};
    wire::CreateSecurityContext::Reply reply;
    const auto status = port->security_contexts().create(call.thread, quality, &reply.context);
    if (status != STATUS_SUCCESS) return call.finish(status);
    call.reply<wire::CreateSecurityContext>(STATUS_SUCCESS, reply);
}

void handle(Call& call, const wire::DeleteSecurityContext::Request& request,
            const wire::DeleteSecurityContext::RequestBlobs&) {
    Port* port = nullptr;
    if (const auto status = find_port_for_messages(call, request.handle, &port)) return call.finish(status);
    SecurityContext* const context = port->security_contexts().find(request.context);
    if (!context) return call.finish(STATUS_INVALID_HANDLE);
    if (request.revoke) {
        context->revoke();
    } else {
        port->security_contexts().remove(request.context);
    }
    call.finish(STATUS_SUCCESS);
}

}  // namespace ntalpc::server
