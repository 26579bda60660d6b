// SPDX-License-Identifier: LGPL-2.1-or-later
#include "server/message_security.h"

#include "ntalpc/ntlpcapi.h"
#include "ntalpc/status.h"
#include "server/thread.h"

namespace ntalpc::server {

using security::ImpersonationLevel;

namespace {

constexpr std::uint64_t kNewContext = ~std::uint64_t{1};  // -2
constexpr std::uint32_t kKnownFlags =
    ALPC_SECFLG_DELETE_EXISTING | ALPC_SECFLG_CREATE_HANDLE | ALPC_SECFLG_NOSECTIONHANDLE;
// What the handles of contexts look like is nobody's business; they are not NT handles.
constexpr std::uint64_t kHandleStep = 0x10;

}  // namespace

std::int32_t check_quality(const Thread& caller, const QualityOfService& quality) {
    if (quality.level > static_cast<std::uint32_t>(ImpersonationLevel::delegation))
        return STATUS_INVALID_PARAMETER;
    if (!caller.impersonating()) return STATUS_SUCCESS;
    const ImpersonationLevel own = caller.effective_token().level;
    const bool enough =
        own >= ImpersonationLevel::impersonation && quality.level <= static_cast<std::uint32_t>(own);
    return enough ? STATUS_SUCCESS : STATUS_BAD_IMPERSONATION_LEVEL;
}

std::int32_t SecurityContext::make(const Thread& caller, const QualityOfService& quality,
                                   Ref<SecurityContext>* made) {
    if (quality.level > static_cast<std::uint32_t>(ImpersonationLevel::delegation))
        return STATUS_INVALID_PARAMETER;
    TokenRef token;
    if (!quality.dynamic) {
        if (const auto status = check_quality(caller, quality)) return status;
        token = caller.token();
    }
    *made = Ref<SecurityContext>(new SecurityContext(std::move(token), quality));
    return STATUS_SUCCESS;
}

std::int32_t SecurityContext::token_for(const Thread& sender, TokenRef* token) const {
    if (quality_.dynamic) {
        if (const auto status = check_quality(sender, quality_)) return status;
    }
    *token = quality_.dynamic ? sender.token() : token_;
    return STATUS_SUCCESS;
}

std::int32_t SecurityContexts::create(const Thread& caller, const QualityOfService& quality,
                                      std::uint64_t* handle) {
    Entry entry;
    if (!entry.charge.charge(caller.process().account())) return STATUS_QUOTA_EXCEEDED;
    if (const auto status = SecurityContext::make(caller, quality, &entry.context)) return status;
    *handle = last_ += kHandleStep;
    contexts_.emplace(*handle, std::move(entry));
    return STATUS_SUCCESS;
}

SecurityContext* SecurityContexts::find(std::uint64_t handle) const {
    const auto found = contexts_.find(handle);
    return found == contexts_.end() ? nullptr : found->second.context.get();
}

bool SecurityContexts::remove(std::uint64_t handle) {
    return contexts_.erase(handle) != 0;
}

void MessageSecurity::show(bool to_server, wire::MessageAttributes* out) const {
    if ((out->allocated & ALPC_MESSAGE_SECURITY_ATTRIBUTE) && context) {
        out->valid |= ALPC_MESSAGE_SECURITY_ATTRIBUTE;
        out->security_context = context_handle;
    }
    if (!(out->allocated & ALPC_MESSAGE_TOKEN_ATTRIBUTE) || !token || !(to_server || context)) return;
    out->valid |= ALPC_MESSAGE_TOKEN_ATTRIBUTE;
    out->token_id = token->facts().token_id;
    out->authentication_id = token->facts().authentication_id;
    out->modified_id = token->facts().modified_id;
}

bool MessageSecurity::hides_token() const {
    return (impersonable || context) &&
           quality.level == static_cast<std::uint32_t>(ImpersonationLevel::anonymous);
}

std::int32_t MessageSecurity::check_impersonation() const {
    const bool allowed = token && (context ? !context->revoked() : impersonable);
    return allowed ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

namespace {

QualityOfService quality_in(const wire::MessageAttributes& attributes) {
    return {attributes.security_level, attributes.security_dynamic != 0,
            attributes.security_effective_only != 0};
}

// With the flag the new context stays, and its handle is told to the sender; without, it is for this message.
std::int32_t make_context(const Thread& sender, const wire::MessageAttributes& attributes,
                          SecurityContexts& contexts, MessageSecurity* security) {
    if (attributes.security_flags & ALPC_SECFLG_DELETE_EXISTING) return STATUS_INVALID_PARAMETER;
    if (!(attributes.security_flags & ALPC_SECFLG_CREATE_HANDLE)) {
        security->context_handle = kNewContext;
        return SecurityContext::make(sender, quality_in(attributes), &security->context);
    }
    const auto status = contexts.create(sender, quality_in(attributes), &security->context_handle);
    if (status == STATUS_SUCCESS)
        security->context = Ref<SecurityContext>(contexts.find(security->context_handle));
    return status;
}

std::int32_t use_context(std::uint64_t handle, std::span<SecurityContexts* const> contexts,
                         MessageSecurity* security) {
    for (const SecurityContexts* table : contexts) {
        SecurityContext* const found = table->find(handle);
        if (!found) continue;
        if (found->revoked()) return STATUS_INVALID_HANDLE;
        security->context = Ref<SecurityContext>(found);
        security->context_handle = handle;
        return STATUS_SUCCESS;
    }
    return STATUS_INVALID_HANDLE;
}

}  // namespace

std::int32_t attach_context(const Thread& sender, const wire::MessageAttributes& attributes,
                            std::span<SecurityContexts* const> contexts, MessageSecurity* security) {
    if (attributes.security_flags & ~kKnownFlags) return STATUS_INVALID_PARAMETER;
    const auto status = attributes.security_context == kNewContext
                            ? make_context(sender, attributes, *contexts.front(), security)
                            : use_context(attributes.security_context, contexts, security);
    if (status != STATUS_SUCCESS) return status;
    security->quality = security->context->quality();
    if (const auto refused = security->context->token_for(sender, &security->token)) return refused;
    if (attributes.security_flags & ALPC_SECFLG_DELETE_EXISTING) {
        for (SecurityContexts* table : contexts) {
            if (table->remove(attributes.security_context)) break;
        }
    }
    return STATUS_SUCCESS;
}

}  // namespace ntalpc::server
